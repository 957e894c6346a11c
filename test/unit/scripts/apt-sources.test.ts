import { expect, it } from "vitest";
import {
  distributionSources,
  parseDeb822Sources,
  parseOneLineSources,
  parseOsRelease,
} from "../../../scripts/bootstrap/apt-sources.mjs";

it("reads the one-line form", () => {
  const text = `
# deb http://off.example.org/debian bookworm main
deb http://mirror.example.org/debian bookworm main contrib # the mirror
deb-src http://mirror.example.org/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/vendor.gpg] https://vendor.example.org/apt stable main
`;
  expect(parseOneLineSources(text)).toEqual([
    {
      uris: ["http://mirror.example.org/debian"],
      suites: ["bookworm"],
      components: ["main", "contrib"],
      signedBy: undefined,
    },
    {
      uris: ["https://vendor.example.org/apt"],
      suites: ["stable"],
      components: ["main"],
      signedBy: "/usr/share/keyrings/vendor.gpg",
    },
  ]);
});

it("reads the deb822 form: comments inside, values over several lines, keys inside, stanzas switched off", () => {
  const text = `Types: deb deb-src
# URIs: http://old.example.org/debian
URIs: http://mirror.example.org/debian
Suites: bookworm
  bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/distribution.gpg

Enabled: no
Types: deb
URIs: http://off.example.org/debian
Suites: bookworm

Types: deb-src
URIs: http://sources.example.org/debian
Suites: bookworm

types: deb
uris: http://vendor.example.org
suites: nodistro
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDME
`;
  expect(parseDeb822Sources(text)).toEqual([
    {
      uris: ["http://mirror.example.org/debian"],
      suites: ["bookworm", "bookworm-updates"],
      components: ["main"],
      signedBy: "/usr/share/keyrings/distribution.gpg",
    },
    { uris: ["http://vendor.example.org"], suites: ["nodistro"], components: [], signedBy: undefined },
  ]);
});

it("takes the distribution's own mirror, not a vendor's or the security archive", () => {
  const source = (uri: string, suite: string) => ({
    uris: [uri],
    suites: [suite],
    components: ["main"],
    signedBy: undefined,
  });
  const own = source("http://mirror.example.org/debian", "bookworm");
  const others = [
    source("http://vendor.example.org", "any"),
    source("http://mirror.example.org/security", "bookworm-security"),
  ];
  expect(distributionSources([...others, own], ["bookworm"])).toEqual([own]);
});

it("reads os-release with and without quotes", () => {
  const fields = parseOsRelease(
    `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_CODENAME='bookworm'\n# x\n`,
  );
  expect(Object.fromEntries(fields)).toEqual({
    PRETTY_NAME: "Debian GNU/Linux 12 (bookworm)",
    ID: "debian",
    VERSION_CODENAME: "bookworm",
  });
});
