/** Lines of a close report in their order, each with what it lists. Names are public. */
export const CLOSE_LINES = {
  "watermark-behind":
    "Regions that hold the watermark before the end of the period: usage of it may still come.",
  "usage-unrated":
    "Usage that is counted and not rated yet: of open windows, and late usage until the watermark has gone on.",
  "periods-unbilled": "Contracts whose billing period ended in the period or before and is not billed.",
  "months-unaccounted":
    "Contracts whose accounting month ended and whose accrual and release of deferred fees are not booked.",
  "documents-held": "Documents whose tax can't be told: they wait for a catalog by which it can.",
  "documents-frozen": "Documents that wait for their number.",
  "late-usage": "Usage of billing periods that were invoiced before it came: it is not on a document yet.",
  "events-parked": "Events that wait for reference data.",
  "events-conflicting": "Events whose id came before with another payload: the first counts.",
  "events-rejected":
    "Events and messages that arrived in the period and could not be counted (of any legal entity).",
  exceptions: "Other exceptions of rating and billing.",
  gaps: "Usage messages that an operator gave up since the beginning of the period (of any legal entity).",
  deliveries: "Final documents that were not delivered yet.",
  "postings-parked":
    "Documents that an ERP is not sent, or could not use, because the mapping lacks or misnames something.",
  "postings-open": "Documents that are queued for an ERP or on their way.",
  "postings-unknown": "Documents of which it is not known whether the ERP has them.",
  "postings-held": "Documents that wait for a posting period to open, or that an operator holds.",
  "postings-rejected": "Documents that an ERP refuses.",
  "postings-conflict": "Documents of which the ERP has another one, or a different one.",
  "postings-cancelled": "Documents that an operator gave up before the ERP had them.",
  "journals-pending": "What is booked and in no journal for an ERP yet.",
  checks: "Checks of the partition's balance that differ, the ledger's debits and credits among them.",
} as const;
export type CloseLineName = keyof typeof CLOSE_LINES;

/** The same as a list, in order. */
export const CLOSE_LINE_NAMES = Object.keys(CLOSE_LINES).filter(
  (name): name is CloseLineName => name in CLOSE_LINES,
);
