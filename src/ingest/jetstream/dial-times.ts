import type { NatsConnection } from "nats";

/**
 * The client leaves a pause between two attempts at a server, and measures it by the wall clock: where that has been set back meanwhile, it would not
 * try the server before the clock has caught up, which may be hours. Attempts that seem to lie ahead are forgotten, so that the next one follows now.
 * The client has no way to be told so; where its insides are others than those of the pinned version, this does nothing.
 * @param nowMs wall clock, milliseconds since the epoch
 */
export function forgetDialsAhead(client: NatsConnection, nowMs: number): void {
  for (const server of serversOf(client)) {
    const lastConnect: unknown = Reflect.get(server, "lastConnect");
    if (typeof lastConnect === "number" && lastConnect > nowMs) Reflect.set(server, "lastConnect", 0);
  }
}

function serversOf(client: NatsConnection): readonly object[] {
  let place: unknown = client;
  for (const name of ["protocol", "servers", "servers"]) {
    if (!isObject(place)) return [];
    place = Reflect.get(place, name);
  }
  return Array.isArray(place) ? place.filter(isObject) : [];
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
