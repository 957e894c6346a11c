import type { FinanceOperationsClient } from "./client.ts";
import { groupedBy } from "./grouped-by.ts";
import { allOf, anyOf, equals, queryRows, type Row } from "./odata.ts";
import type { FinanceOperationsRequest, PlanOf } from "./plan.ts";

/** Headers of a company, and the plans that they may be of. */
export interface OfCompany<Request extends FinanceOperationsRequest> {
  readonly plans: readonly PlanOf<Request>[];
  readonly headers: readonly Row[];
}

/** How documents of a kind are read: headers by their external ids, and what belongs to them a company at a time. */
export interface DocumentReader<Request extends FinanceOperationsRequest, Found> {
  readonly operation: string;
  readonly entity: string;
  /** Field of the external id. */
  readonly idField: string;
  readonly fields: readonly string[];
  /** Reads the rest of the documents. Not called without headers. */
  readonly complete: (
    client: FinanceOperationsClient,
    company: string,
    documents: OfCompany<Request>,
    signal: AbortSignal,
  ) => Promise<readonly Found[]>;
}

/** All documents under the plans' external ids, each in its plan's company. */
export async function readInCompanies<Request extends FinanceOperationsRequest, Found>(
  reader: DocumentReader<Request, Found>,
  client: FinanceOperationsClient,
  plans: readonly PlanOf<Request>[],
  signal: AbortSignal,
): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const [company, ofCompany] of groupedBy(plans, ({ request }) => request.company)) {
    const headers = await readHeaders(reader, client, equals("dataAreaId", company), ofCompany, signal);
    if (headers.length > 0)
      found.push(...(await reader.complete(client, company, { plans: ofCompany, headers }, signal)));
  }
  return found;
}

/** Headers under a plan's external id in its company. */
export function headersOf<Request extends FinanceOperationsRequest, Found>(
  reader: DocumentReader<Request, Found>,
  client: FinanceOperationsClient,
  plan: PlanOf<Request>,
  signal: AbortSignal,
): Promise<readonly Row[]> {
  return readHeaders(reader, client, equals("dataAreaId", plan.request.company), [plan], signal);
}

/** All documents under a plan's external id, of whatever company: a mapping that has changed must not make a second one. */
export async function findInAllCompanies<Request extends FinanceOperationsRequest, Found>(
  reader: DocumentReader<Request, Found>,
  client: FinanceOperationsClient,
  plan: PlanOf<Request>,
  signal: AbortSignal,
): Promise<readonly Found[]> {
  const all = await readHeaders(reader, client, undefined, [plan], signal);
  const found: Found[] = [];
  for (const [company, headers] of groupedBy(all, (row) => row("dataAreaId").toLowerCase()))
    found.push(...(await reader.complete(client, company, { plans: [plan], headers }, signal)));
  return found;
}

function readHeaders<Request extends FinanceOperationsRequest, Found>(
  { operation, entity, idField, fields }: DocumentReader<Request, Found>,
  client: FinanceOperationsClient,
  ofCompany: string | undefined,
  plans: readonly PlanOf<Request>[],
  signal: AbortSignal,
): Promise<readonly Row[]> {
  const ofIds = anyOf(
    idField,
    plans.map(({ externalId }) => externalId),
  );
  const filter = ofCompany === undefined ? ofIds : allOf(ofCompany, ofIds);
  return queryRows(client, { operation, entity, filter, fields, signal });
}
