// @ts-check
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decimalUnits } from "../broker-view.mjs";
import { LEASE, REQUEST_DEADLINE } from "./catalog.mjs";
import { signedUnits } from "./statement.mjs";

const OUTBOUND = "outbound";
const MANIFEST = ".manifest.json";
/** A cell of RFC 4180, quoted or not, with what ends it. */
const CELL = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n)/y;

/** Makes the folders that both systems share. @param {string} root */
export function makeDrop(root) {
  for (const folder of [OUTBOUND, "ack"]) mkdirSync(join(root, folder), { recursive: true });
}

/**
 * The worker's settings of this connection: the demo looks at the files itself, so nobody acknowledges them.
 * @param {string} root
 */
export function dropSettings(root) {
  return {
    adapter: "file",
    format: "csv",
    path: root,
    acknowledgements: false,
    deadline: REQUEST_DEADLINE,
    posting: { lease: LEASE },
  };
}

/**
 * What the other system would book.
 * @param {string} root
 * @returns {import("./statement.mjs").Holdings}
 */
export function dropHoldings(root) {
  const { files, unfinished } = readDrop(root);
  const documents = files.filter(({ kind }) => kind === "invoice" || kind === "credit-memo");
  const journals = files.filter(({ kind }) => kind === "journal");
  const booked = [...documents, ...journals];
  return {
    documents: new Map(
      documents.map(({ kind, documentNumber, currency, units }) => [
        documentNumber,
        { currency, units: signedUnits(kind === "credit-memo", units) },
      ]),
    ),
    journals,
    repeated: booked.length - new Set(booked.map(({ externalId }) => externalId)).size,
    faulty: files.filter(({ fault }) => fault !== undefined).length + unfinished.length,
  };
}

/**
 * A file as the other system reads it.
 * @typedef {object} DroppedFile
 * @property {string} kind
 * @property {string} externalId
 * @property {string} documentNumber
 * @property {string} currency
 * @property {bigint} units what its lines come to, in the units of `decimalUnits`
 * @property {string | undefined} fault why the file is not what its manifest says
 */

/**
 * Reads what was dropped, as a receiver does: only files with a manifest, each checked against it.
 * @param {string} root
 * @returns {{ files: DroppedFile[], unfinished: string[] }} unfinished: files without a manifest
 */
function readDrop(root) {
  const folder = join(root, OUTBOUND);
  const names = readdirSync(folder);
  const manifests = names
    .filter((name) => name.endsWith(MANIFEST))
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
  const known = new Set(manifests.map(({ fileName }) => fileName));
  return {
    files: manifests.map((manifest) => readFile(readFileSync(join(folder, manifest.fileName)), manifest)),
    unfinished: names.filter((name) => !name.endsWith(MANIFEST) && !known.has(name)),
  };
}

/**
 * @param {Buffer} content
 * @param {any} manifest
 * @returns {DroppedFile}
 */
function readFile(content, manifest) {
  const [columns = [], ...others] = readCsv(content.toString("utf8"));
  const trailer = others.at(-1) ?? [];
  const rows = others
    .slice(0, -1)
    .map((cells) => new Map(columns.map((name, at) => [name, cells[at] ?? ""])));
  const lines = rows.filter((row) => row.get("record") === "L");
  /** @param {string} column */
  const sum = (column) => lines.reduce((total, row) => total + decimalUnits(row.get(column) || "0"), 0n);
  const isJournal = manifest.kind === "journal";
  const units = isJournal ? sum("debit") : sum("net") + sum("tax");
  const totals = Object.entries(manifest.currencyTotals);
  const [currency, total] = totals[0] ?? ["", "0"];
  const checks = {
    sha256: createHash("sha256").update(content).digest("hex") === manifest.sha256,
    bytes: content.length === manifest.bytes,
    rows: rows.length === manifest.rows && trailer[1] === String(manifest.rows),
    total: units === decimalUnits(String(total)) && units === decimalUnits(trailer[2] ?? ""),
    balance: !isJournal || (sum("credit") === units && decimalUnits(manifest.creditTotal) === units),
    key: rows.every((row) => row.get("external_id") === manifest.externalId),
  };
  const wrong = Object.entries(checks).flatMap(([name, holds]) => (holds ? [] : [name]));
  return {
    kind: manifest.kind,
    externalId: manifest.externalId,
    documentNumber: rows[0]?.get("document_number") ?? "",
    currency,
    units,
    fault: wrong.length === 0 ? undefined : `${manifest.fileName}: ${wrong.join(", ")}`,
  };
}

/**
 * @param {string} text lines end in CR LF
 * @returns {string[][]}
 */
function readCsv(text) {
  /** @type {string[][]} */
  const lines = [];
  /** @type {string[]} */
  let line = [];
  CELL.lastIndex = 0;
  while (CELL.lastIndex < text.length) {
    const at = CELL.lastIndex;
    const [, cell = "", end = ""] = CELL.exec(text) ?? [];
    if (end === "") throw new Error(`no CSV from character ${at} on`);
    line.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    if (end === ",") continue;
    lines.push(line);
    line = [];
  }
  return lines;
}
