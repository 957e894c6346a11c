import { z } from "zod";
import { isEqualSecret } from "../../http/equal-secrets.ts";
import type { ChangeHint, NotificationRequest, ReceivedNotification } from "../change-notifications.ts";
import { MAX_NOTIFICATIONS, MAX_VALIDATION_TOKEN_CHARACTERS } from "./limits.ts";

/** What Business Central sends to the address of a subscription: a question whether it is meant, or what has changed. */

/** Sent back as it came: nothing that a browser or a log could take for more. */
const VALIDATION_TOKEN = new RegExp(`^[\\x21-\\x7e]{1,${MAX_VALIDATION_TOKEN_CHARACTERS}}$`);
/** "api/v2.0/companies(<id>)/salesInvoices(<id>)", with or without what is before it. */
const INVOICE = /\/salesInvoices\(([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\)$/i;
/** Kinds of changes that name one record; any other, "collection" first of all, may mean many. */
const SINGLE_CHANGES: ReadonlySet<string> = new Set(["created", "updated", "deleted"]);
/** Versions before 19 begin with it. */
const BYTE_ORDER_MARK = /^\uFEFF/;

const requestSchema = z.looseObject({
  value: z.array(
    z.looseObject({
      clientState: z.string().nullish(),
      resource: z.string(),
      changeType: z.string(),
    }),
  ),
});
type Notification = z.output<typeof requestSchema>["value"][number];

/** Reads a request. Those of its notifications that show another secret are left out; where none shows the right one, it is refused. */
export function receiveNotification(
  { query, body }: NotificationRequest,
  clientState: string,
): ReceivedNotification {
  const token = query.get("validationToken");
  if (token !== null)
    return VALIDATION_TOKEN.test(token)
      ? { kind: "handshake", text: token }
      : { kind: "refused", reason: "form" };
  const notifications = readNotifications(body);
  if (notifications === undefined || notifications.length === 0) return { kind: "refused", reason: "form" };
  const own = notifications.filter((each) => isEqualSecret(each.clientState ?? "", clientState));
  if (own.length === 0) return { kind: "refused", reason: "credential" };
  return { kind: "changes", hint: hintOf(own), forged: notifications.length - own.length };
}

function readNotifications(body: Buffer): readonly Notification[] | undefined {
  let json: unknown;
  try {
    json = JSON.parse(body.toString("utf8").replace(BYTE_ORDER_MARK, ""));
  } catch {
    return undefined;
  }
  const read = requestSchema.safeParse(json);
  return read.success ? read.data.value : undefined;
}

function hintOf(notifications: readonly Notification[]): ChangeHint {
  const ids = new Set<string>();
  let isAll = notifications.length > MAX_NOTIFICATIONS;
  for (const { changeType, resource } of isAll ? [] : notifications) {
    const id = SINGLE_CHANGES.has(changeType) ? INVOICE.exec(resource)?.[1] : undefined;
    if (id === undefined) isAll = true;
    else ids.add(id.toLowerCase());
  }
  return { ids: [...ids], isAll };
}
