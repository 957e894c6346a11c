import { z } from "zod";
import { fileField, durationField, secretField } from "../common/settings-fields.ts";
import { defineAdapter, type FaultNoter, type SecretReader } from "../erp-adapter.ts";
import { ACKNOWLEDGED_KINDS } from "./acknowledgement.ts";
import { fileDescription } from "./description.ts";
import type { Drop } from "./drops/drop.ts";
import type { FileFormat } from "./formats/format.ts";
import { MAX_FIELD_WIDTH } from "./limits.ts";
import { COLUMNS } from "./rows.ts";

const HOUR_MS = 3_600_000;

const sftpSettings = z.strictObject({
  host: z.string().min(1).meta({ description: "Name or address of the server." }),
  port: z.int().min(1).max(65_535).default(22).meta({ description: "Its port." }),
  user: z.string().min(1).meta({ description: "User that writes." }),
  password: secretField("Password of the user."),
  password_file: fileField("File that holds the password."),
  private_key_file: fileField("File that holds the user's private key (PEM or OpenSSH)."),
  passphrase: secretField("Passphrase of the key."),
  passphrase_file: fileField("File that holds the passphrase."),
  host_key_sha256: z
    .string()
    .regex(/^(SHA256:[A-Za-z0-9+/]{43}=?|[0-9a-fA-F]{64}|([0-9a-fA-F]{2}:){31}[0-9a-fA-F]{2})$/, {
      error: 'must be a SHA-256 fingerprint, as `ssh-keygen -l` shows it: "SHA256:…"',
    })
    .meta({ description: "Fingerprint of the server's host key: another server is not spoken to." }),
});

const settings = z.strictObject({
  adapter: z.literal("file"),
  format: z.enum(["csv", "fixed-width", "idoc"]).meta({ description: "How documents are written." }),
  path: z
    .string()
    .min(1)
    .meta({ description: "Folder that holds `outbound` and `ack`: of this machine, or of the SFTP server." }),
  sftp: sftpSettings.optional().meta({ description: "The SFTP server; absent: a folder of this machine." }),
  layout: z
    .array(
      z.strictObject({
        column: z.enum(COLUMNS).meta({ description: "Name of a column." }),
        width: z.int().min(1).max(MAX_FIELD_WIDTH).meta({ description: "Its width in characters." }),
      }),
    )
    .min(1)
    .optional()
    .meta({ description: "Columns of fixed-width lines; absent: all, as wide as needed." }),
  partners: z
    .strictObject({
      sender_port: z.string().min(1).max(10).meta({ description: "SNDPOR." }),
      sender_partner: z.string().min(1).max(10).meta({ description: "SNDPRN." }),
      receiver_port: z.string().min(1).max(10).meta({ description: "RCVPOR." }),
      receiver_partner: z.string().min(1).max(10).meta({ description: "RCVPRN." }),
      client: z
        .string()
        .regex(/^\d{3}$/)
        .meta({ description: "MANDT: client of the receiving system." }),
    })
    .optional()
    .meta({ description: "Partners of the control record; needed by `idoc`." }),
  deadline: durationField(
    "60s",
    "How long writing a file may take; a folder of this machine needs a second or two.",
    { minMs: 100, maxMs: HOUR_MS / 12 },
  ),
  acknowledgements: z.boolean().default(true).meta({
    description:
      "Whether the other system acknowledges files; without it a file that is there whole counts as posted.",
  }),
  acknowledgement_deadline: durationField(
    "24h",
    "How long an acknowledgement is waited for; then the same file is sent again.",
    { minMs: 1_000, maxMs: 30 * 24 * HOUR_MS },
  ),
  fault_codes: z
    .record(z.string().min(1).max(100), z.enum(ACKNOWLEDGED_KINDS))
    .default({})
    .meta({ description: "Codes of rejections by what they mean; others are `validation`." }),
});
type Settings = z.output<typeof settings>;

export const fileAdapter = defineAdapter(fileDescription, settings, (read, secret, fault) => {
  const loadFormat = formatOf(read, fault);
  const loadDrop = dropOf(read, secret, fault);
  if (loadFormat === undefined || loadDrop === undefined) return undefined;
  const acknowledgements = read.acknowledgements
    ? { deadlineMs: read.acknowledgement_deadline, faultCodes: read.fault_codes }
    : undefined;
  return async () => {
    const [{ FileSink }, format, makeDrop] = await Promise.all([
      import("./sink.ts"),
      loadFormat(),
      loadDrop(),
    ]);
    return (environment) =>
      new FileSink({ drop: makeDrop(), format, acknowledgements, deadlineMs: read.deadline }, environment);
  };
});

/** Loads its module when it is called, like `dropOf`: each brings a library of its own. */
function formatOf(
  { format, layout, partners }: Settings,
  fault: FaultNoter,
): (() => Promise<FileFormat>) | undefined {
  if (format === "csv") return async () => (await import("./formats/csv.ts")).csv;
  if (format === "fixed-width")
    return async () => (await import("./formats/fixed-width.ts")).fixedWidth(layout);
  if (partners === undefined) {
    fault("partners", "is required by format idoc");
    return undefined;
  }
  const control = {
    senderPort: partners.sender_port,
    senderPartner: partners.sender_partner,
    receiverPort: partners.receiver_port,
    receiverPartner: partners.receiver_partner,
    client: partners.client,
  };
  return async () => (await import("./formats/idoc.ts")).idoc(control);
}

function dropOf(
  { path, sftp }: Settings,
  secret: SecretReader,
  fault: FaultNoter,
): (() => Promise<() => Drop>) | undefined {
  if (sftp === undefined) {
    return async () => {
      const { directoryDrop } = await import("./drops/directory-drop.ts");
      return () => directoryDrop(path);
    };
  }
  const password = secret("sftp.password", sftp.password, sftp.password_file);
  const privateKey = secret("sftp.private_key", undefined, sftp.private_key_file);
  const passphrase = secret("sftp.passphrase", sftp.passphrase, sftp.passphrase_file);
  const isKeyed = sftp.private_key_file !== undefined;
  if (isKeyed === (sftp.password !== undefined || sftp.password_file !== undefined)) {
    fault("sftp.password", "either a password or private_key_file is required");
    return undefined;
  }
  if ((isKeyed ? privateKey : password) === undefined) return undefined;
  const options = {
    host: sftp.host,
    port: sftp.port,
    user: sftp.user,
    ...(password === undefined ? {} : { password }),
    ...(privateKey === undefined ? {} : { privateKey }),
    ...(passphrase === undefined ? {} : { passphrase }),
    hostKeySha256: sftp.host_key_sha256,
    root: path.replace(/\/+$/, ""),
  };
  return async () => {
    const { sftpDrop } = await import("./drops/sftp-drop.ts");
    return () => sftpDrop(options);
  };
}
