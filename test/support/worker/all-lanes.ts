/**
 * Runs lanes of work at once and waits for the end of all of them, also where one fails: what they use can then be taken
 * down. `failed` is told at once, so that the others can end early; the first failure is thrown.
 */
export async function allLanes(lanes: readonly Promise<void>[], failed: () => void): Promise<void> {
  const results = await Promise.allSettled(
    lanes.map(async (lane) => {
      try {
        await lane;
      } catch (error) {
        failed();
        throw error;
      }
    }),
  );
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
