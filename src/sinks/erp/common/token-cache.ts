import type { Clock } from "../../../model/clock.ts";

/** An access token and how long it is good for, from when it was asked for. */
export interface AccessToken {
  readonly token: string;
  readonly lifetimeMs: number;
}

/** A token is renewed when this share of its life is over, so that no request goes out with one that ends on its way. */
const RENEW_AFTER_SHARE = 0.8;

interface HeldToken {
  readonly token: string;
  readonly renewAtMs: number;
  readonly endsAtMs: number;
}

/**
 * An access token that many requests use: asked for once, however many wait for it; renewed early; given up when the
 * service refuses it.
 */
export class TokenCache {
  readonly #request: () => Promise<AccessToken>;
  readonly #clock: Clock;
  #held: HeldToken | undefined;
  #underWay: Promise<HeldToken> | undefined;

  /** `request` bounds its own time. */
  constructor(request: () => Promise<AccessToken>, clock: Clock) {
    this.#request = request;
    this.#clock = clock;
  }

  /** Rejects with what `request` rejects with, where no token is left that is still good. */
  async token(): Promise<string> {
    const nowMs = this.#clock.monotonicMs();
    const held = this.#held;
    if (held !== undefined && nowMs < held.renewAtMs) return held.token;
    try {
      return (await this.#renewed()).token;
    } catch (fault) {
      // Early renewal has time: the next request tries it again.
      if (held !== undefined && held === this.#held && nowMs < held.endsAtMs) return held.token;
      throw fault;
    }
  }

  /** The service has refused this token; one that has come since stays. */
  refused(token: string): void {
    if (this.#held?.token === token) this.#held = undefined;
  }

  async #renewed(): Promise<HeldToken> {
    this.#underWay ??= this.#renew().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  async #renew(): Promise<HeldToken> {
    const askedAtMs = this.#clock.monotonicMs();
    const { token, lifetimeMs } = await this.#request();
    const held = {
      token,
      renewAtMs: askedAtMs + lifetimeMs * RENEW_AFTER_SHARE,
      endsAtMs: askedAtMs + lifetimeMs,
    };
    this.#held = held;
    return held;
  }
}
