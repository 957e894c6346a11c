import { partitionOf } from "../model/partition.ts";
import { accountName } from "./names.ts";

/** The partition of every account of a plan, by the account's number: hashed once instead of for each event. */
export function accountPartitions(accounts: number, partitionCount: number): Uint16Array {
  const partitions = new Uint16Array(accounts);
  for (let account = 0; account < accounts; account++)
    partitions[account] = partitionOf(accountName(account), partitionCount);
  return partitions;
}
