/** Count: the record counts its events anyway, whatever the aggregation, so there is nothing to add. */
export function addToCount(): void {}
