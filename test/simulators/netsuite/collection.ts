import type { ApiRequest, Page } from "./http-exchange.ts";
import { count } from "./record-view.ts";

/** A page of a collection, with the links to its neighbours. */
export function collectionBody(items: readonly object[], page: Page, request: ApiRequest): object {
  const { limit, offset } = page;
  const shown = items.slice(offset, offset + limit);
  const hasMore = offset + limit < items.length;
  const link = (rel: string, at: number): object => ({
    rel,
    href: `${request.baseUrl}/${request.path.join("/")}?limit=${limit}&offset=${at}`,
  });
  return {
    links: [
      ...(offset > 0 ? [link("previous", offset - limit)] : []),
      ...(hasMore ? [link("next", offset + limit)] : []),
      link("self", offset),
    ],
    count: count(shown.length),
    hasMore,
    items: shown,
    offset: count(offset),
    totalResults: count(items.length),
  };
}
