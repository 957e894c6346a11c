import { codeOf, TributaryError } from "../model/errors.ts";
import { noFaults, type FaultInjector } from "../model/fault-injection.ts";
import type { PublicationLog } from "../model/log.ts";
import type { Channel, OutboxEntry } from "../model/outputs.ts";
import { CLOUD_EVENT_BATCH_TYPE, JSON_TYPE } from "../model/content-types.ts";
import { alertEvent, deadLetterEvent, documentEvent, ratedEvent } from "./cloud-events.ts";
import type { DeliveryTarget } from "./delivery-target.ts";
import { EntryBody } from "./entry-body.ts";

/** A former owner publishes once a checkpoint: it can hardly come first several times in a row. */
const FENCE_ATTEMPTS_MAX = 10;

interface SubjectEnd {
  readonly ordinal: number;
  readonly sequence: number;
}

export interface PublicationTargetOptions {
  readonly partition: number;
  readonly log: PublicationLog;
  readonly faults?: FaultInjector;
}

/** Rated aggregates to subject `rated.<p>`. */
export function ratedTarget(options: PublicationTargetOptions): DeliveryTarget {
  return new PublicationTarget("publish-rated", "rated", `rated.${options.partition}`, ratedEvent, options);
}

/** Dead letters to subject `dlq.<p>`. */
export function deadLetterTarget(options: PublicationTargetOptions): DeliveryTarget {
  return new PublicationTarget(
    "publish-dead-letter",
    "dead-letter",
    `dlq.${options.partition}`,
    deadLetterEvent,
    options,
  );
}

/** Alerts to subject `alerts.<p>`. */
export function alertTarget(options: PublicationTargetOptions): DeliveryTarget {
  return new PublicationTarget("publish-alert", "alert", `alerts.${options.partition}`, alertEvent, options);
}

/** Name of the target that documents are published by; its cursor in the state goes by it. */
export const DOCUMENT_TARGET = "publish-document";

/** Final invoices and credit memos to subject `documents.<p>`. */
export function documentTarget(options: PublicationTargetOptions): DeliveryTarget {
  return new PublicationTarget(
    DOCUMENT_TARGET,
    "document",
    `documents.${options.partition}`,
    documentEvent,
    options,
  );
}

/** Name of the target that commands to a connection are published by. */
export function commandTargetName(connection: string): string {
  return `publish-command-${connection}`;
}

/**
 * Commands to an ERP connection, to subject `commands.<connection>.<p>`, as a JSON array. Connections share the channel and
 * its ordinals: a publication covers the range of its whole chunk, of which the other connections' commands are left out. A
 * chunk without any for this connection is not published, so the subject may be behind the cursor for good.
 */
export function commandTarget(
  options: PublicationTargetOptions & { readonly connection: string },
): DeliveryTarget {
  const { connection, partition } = options;
  return new PublicationTarget(
    commandTargetName(connection),
    "command",
    `commands.${connection}.${partition}`,
    (_partition, { body }) => body,
    options,
    {
      idPrefix: `command-${connection}`,
      contentType: JSON_TYPE,
      provesDelivery: false,
      isOwn: (entry) => new EntryBody(entry).text("connection") === connection,
    },
  );
}

/** How a target's publications differ from those of all others. */
interface PublicationForm {
  /** The channel where left out. */
  readonly idPrefix?: string;
  readonly contentType: string;
  readonly provesDelivery: boolean;
  /** Whether an entry is published: the others of its chunk are another target's. */
  readonly isOwn: (entry: OutboxEntry) => boolean;
}

const EVENTS: PublicationForm = {
  contentType: CLOUD_EVENT_BATCH_TYPE,
  provesDelivery: true,
  isOwn: () => true,
};

/**
 * Publishes a chunk as one CloudEvents batch. Each message names the one before it (expected last sequence), so the
 * broker stores each range once, whoever tries and however late.
 */
class PublicationTarget implements DeliveryTarget {
  readonly name: string;
  readonly channel: Channel;
  readonly provesDelivery: boolean;
  readonly #form: PublicationForm;
  /** Of message ids: tells targets of one stream and partition apart. */
  readonly #idPrefix: string;
  readonly #subject: string;
  readonly #toEvent: (partition: number, entry: OutboxEntry) => string;
  readonly #partition: number;
  readonly #log: PublicationLog;
  readonly #faults: FaultInjector;
  /** The subject's last message as we know it; undefined until asked. */
  #end: SubjectEnd | undefined;
  /** Last ordinal of a publication of ours whose outcome is not known. */
  #unknownLast: number | undefined;

  constructor(
    name: string,
    channel: Channel,
    subject: string,
    toEvent: (partition: number, entry: OutboxEntry) => string,
    options: PublicationTargetOptions,
    form: PublicationForm = EVENTS,
  ) {
    this.name = name;
    this.#form = form;
    this.#idPrefix = form.idPrefix ?? channel;
    this.provesDelivery = form.provesDelivery;
    this.channel = channel;
    this.#subject = subject;
    this.#toEvent = toEvent;
    this.#partition = options.partition;
    this.#log = options.log;
    this.#faults = options.faults ?? noFaults;
  }

  async lastDelivered(): Promise<number> {
    this.#end = await this.#log.last(this.#subject);
    this.#unknownLast = undefined;
    return this.#end.ordinal;
  }

  /**
   * An empty batch behind the subject's last message: a former owner, who expects that one to be the last, is refused
   * from then on, also before this owner has anything to publish.
   */
  async fence(owner: string): Promise<number> {
    for (let attempt = 1; ; attempt++) {
      const end = await this.#log.last(this.#subject);
      try {
        await this.#log.publish(this.#subject, Buffer.from("[]"), {
          contentType: this.#form.contentType,
          messageId: `fence-${this.#idPrefix}-${this.#partition}-${end.sequence}-${owner}`,
          firstOrdinal: end.ordinal + 1,
          lastOrdinal: end.ordinal,
          expectedSequence: end.sequence,
        });
        return end.ordinal;
      } catch (error) {
        // The former owner has published meanwhile: its last word is looked at again.
        if (codeOf(error) !== "publication-fenced" || attempt === FENCE_ATTEMPTS_MAX) throw error;
      }
    }
  }

  async deliver(entries: readonly OutboxEntry[]): Promise<void> {
    const end = await this.#findEnd();
    const fresh = entries.filter((entry) => entry.ordinal > end.ordinal);
    const first = fresh[0];
    const last = fresh.at(-1);
    if (first === undefined || last === undefined) return;
    const own = fresh.filter(this.#form.isOwn);
    if (own.length === 0) return;
    const body = `[${own.map((entry) => this.#toEvent(this.#partition, entry)).join(",")}]`;
    this.#faults.reach("before-publish");
    try {
      const sequence = await this.#log.publish(this.#subject, Buffer.from(body), {
        contentType: this.#form.contentType,
        messageId: `${this.#idPrefix}-${this.#partition}-${first.ordinal}-${last.ordinal}`,
        firstOrdinal: first.ordinal,
        lastOrdinal: last.ordinal,
        expectedSequence: end.sequence,
      });
      this.#end = { ordinal: last.ordinal, sequence };
      this.#unknownLast = undefined;
    } catch (error) {
      // A refusal is certain, unless an earlier try of ours may be what stands in the way.
      if (codeOf(error) === "publication-fenced" && this.#unknownLast === undefined) throw error;
      this.#unknownLast = last.ordinal;
      if (codeOf(error) !== "publication-fenced") throw error;
      throw new TributaryError("publish-failed", "A publication may stand in the way of its own retry.", {
        details: { subject: this.#subject, lastOrdinal: last.ordinal },
        cause: error,
      });
    }
    this.#faults.reach("after-publish-before-cursor");
  }

  /** The subject's end; after a try with unknown outcome the log is asked whether it arrived. */
  async #findEnd(): Promise<SubjectEnd> {
    if (this.#end !== undefined && this.#unknownLast === undefined) return this.#end;
    const before = this.#end;
    const now = await this.#log.last(this.#subject);
    const arrived = now.ordinal === this.#unknownLast;
    const unchanged = before === undefined || now.sequence === before.sequence;
    if (!arrived && !unchanged) {
      throw new TributaryError(
        "publication-fenced",
        "Another owner has published to the partition's subject.",
        {
          details: { subject: this.#subject, expected: before?.sequence, found: now.sequence },
        },
      );
    }
    this.#end = now;
    if (arrived) this.#unknownLast = undefined;
    return now;
  }
}
