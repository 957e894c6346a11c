/**
 * An ERP that tells by itself what has changed, by requests to an address of ours (webhooks). What it tells is a hint and never a fact: it says only
 * what is worth reading now. So a notification that is lost, late, forged or repeated costs time or a request, and nothing else.
 */

/** What may have changed. */
export interface ChangeHint {
  /** The ERP's ids of documents (`ErpReference.id`), each once; documents that nobody here knows may be among them. */
  readonly ids: readonly string[];
  /** Whether more may have changed than the ids name. */
  readonly isAll: boolean;
}

/** A request that has reached the address of a connection; its size is bounded already. */
export interface NotificationRequest {
  readonly query: URLSearchParams;
  readonly body: Buffer;
}

/** What a request is. */
export type ReceivedNotification =
  /** The ERP asks whether the address is meant: it is answered with 200 and this text. */
  | { readonly kind: "handshake"; readonly text: string }
  /** `forged`: parts of the request that did not show the secret and that the hint leaves out. */
  | { readonly kind: "changes"; readonly hint: ChangeHint; readonly forged: number }
  /** `credential`: it does not show the secret; `form`: it can't be read. */
  | { readonly kind: "refused"; readonly reason: "credential" | "form" };

/** How things stand behind a call of `keepSubscribed`. */
export interface SubscriptionState {
  /** When the first of the subscriptions ends unless it is renewed, milliseconds since the epoch. */
  readonly endsAtMs: number;
  /** Whether each was there before: where one had to be made, changes may have passed unannounced. */
  readonly isUnbroken: boolean;
}

interface NotificationContext {
  /** Ends the requests. */
  readonly signal: AbortSignal;
}

/** The notifications of a connection. The runner decides when something is asked of the ERP; whoever listens decides what is let in. */
export interface ChangeNotifications {
  /** False where the settings want what is subscribed to be ended. */
  readonly isWanted: boolean;
  /** Whether each notification has to show a secret: without one nothing may be received from beyond this machine. */
  readonly hasCredential: boolean;
  /**
   * Looks which subscriptions there are, renews those that end soon, makes those that are missing and ends those that are too many. May be called
   * again after any failure. Rejects with `ErpFault` alone.
   */
  keepSubscribed(context: NotificationContext): Promise<SubscriptionState>;
  /** Ends all subscriptions of the connection. Rejects with `ErpFault` alone. */
  unsubscribe(context: NotificationContext): Promise<void>;
  /** Reads a request; pure but for the time that it takes, which does not tell how much of a secret was right. */
  receive(request: NotificationRequest): ReceivedNotification;
}
