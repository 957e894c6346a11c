// @ts-check

/**
 * One place that apt fetches from, of either of the two forms in which a machine writes it down.
 * @typedef {object} AptSource
 * @property {string[]} uris
 * @property {string[]} suites
 * @property {string[]} components
 * @property {string | undefined} signedBy a keyring file; undefined when none is named or the key stands in the file itself
 */

/**
 * Parses the one-line form (`sources.list`): `deb [option=value …] uri suite component …`. Source packages are left out.
 * @param {string} text
 * @returns {AptSource[]}
 */
export function parseOneLineSources(text) {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (match === null) return [];
    const [, options = "", uri = "", suite = "", components = ""] = match;
    return [
      {
        uris: [uri],
        suites: [suite],
        components: words(components),
        signedBy: keyringFile(/(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1]),
      },
    ];
  });
}

/**
 * Parses the deb822 form (`*.sources`): stanzas of `Field: value`, a value going on in lines that start with white space.
 * Stanzas that are switched off or hold only source packages are left out.
 * @param {string} text
 * @returns {AptSource[]}
 */
export function parseDeb822Sources(text) {
  const withoutComments = text.split("\n").filter((line) => !line.startsWith("#"));
  return withoutComments
    .join("\n")
    .split(/\n\s*\n/)
    .flatMap((stanza) => {
      const fields = parseStanza(stanza);
      const enabled = !/^(no|false|0|off|disable)$/i.test(fields.get("enabled") ?? "yes");
      if (!enabled || !words(fields.get("types")).includes("deb")) return [];
      return [
        {
          uris: words(fields.get("uris")),
          suites: words(fields.get("suites")),
          components: words(fields.get("components")),
          signedBy: keyringFile(fields.get("signed-by")),
        },
      ];
    });
}

/**
 * @param {string} stanza
 * @returns {Map<string, string>} values by lower-case field name
 */
function parseStanza(stanza) {
  /** @type {Map<string, string>} */
  const fields = new Map();
  let current = "";
  for (const line of stanza.split("\n")) {
    const match = /^([A-Za-z][\w-]*):\s*(.*)$/.exec(line);
    if (match !== null) {
      current = (match[1] ?? "").toLowerCase();
      fields.set(current, match[2] ?? "");
    } else if (/^\s/.test(line) && current !== "") {
      fields.set(current, `${fields.get(current) ?? ""} ${line.trim()}`);
    }
  }
  return fields;
}

/**
 * The sources of the distribution itself, not those that a vendor added: they carry the release's own code name.
 * @param {readonly AptSource[]} sources
 * @param {readonly string[]} releaseNames code names and aliases of the running release
 * @returns {AptSource[]}
 */
export function distributionSources(sources, releaseNames) {
  return sources.filter((source) => source.suites.some((suite) => releaseNames.includes(suite)));
}

/**
 * Parses `/etc/os-release`.
 * @param {string} text
 * @returns {Map<string, string>}
 */
export function parseOsRelease(text) {
  /** @type {Map<string, string>} */
  const fields = new Map();
  for (const line of text.split("\n")) {
    const match = /^([A-Z_]+)=(?:"([^"]*)"|'([^']*)'|(.*))$/.exec(line.trim());
    if (match !== null) fields.set(match[1] ?? "", match[2] ?? match[3] ?? match[4] ?? "");
  }
  return fields;
}

/**
 * @param {string | undefined} text
 * @returns {string[]}
 */
function words(text) {
  return (text ?? "").split(/\s+/).filter((word) => word !== "");
}

/**
 * @param {string | undefined} value
 * @returns {string | undefined}
 */
function keyringFile(value) {
  const first = words(value)[0];
  return first?.startsWith("/") === true ? first : undefined;
}
