const EARLY =
  "rows before a window is complete (count, per-element and wall-clock triggers) are not offered: usage is emitted once complete, then refined";
const SUPPRESS = "buffers limited by time or by records are emission policies that are not offered";
const PROCESSING = "windows of processing time are not offered: what is billed follows from event time alone";
const SYSTEM = "the watermark is not moved by the wall clock: a replay could not repeat it";
const SESSION = "session windows are not offered: a late merge replaces windows that were billed";

/** Cases that Tributary answers otherwise, each with the reason. A listed case that would pass fails the test. */
export const LISTED: readonly { readonly id: string; readonly reason: string }[] = [
  { id: "beam.noEmptyPanesFinalAlways", reason: EARLY },
  { id: "beam.testLateProcessingTimeTimer", reason: EARLY },
  { id: "beam.testPaneInfoAllStates", reason: EARLY },
  { id: "beam.testPaneInfoAllStatesAfterWatermark", reason: EARLY },
  { id: "kafka.Suppress.intermediateSuppressionShouldBufferAndEmitLater", reason: SUPPRESS },
  { id: "kafka.Suppress.suppressShouldEmitWhenOverRecordCapacity", reason: SUPPRESS },
  { id: "flink.testProcessingTimeSlidingWindows", reason: PROCESSING },
  {
    id: "bytewax.test_watermark_does_not_reverse_advancing_item_is_slower_than_system_time_gap",
    reason: SYSTEM,
  },
  { id: "flink.testCleanupTimerWithEmptyReduceStateForSessionWindows", reason: SESSION },
  { id: "flink.testDropDueToLatenessSessionWithLatenessPurgingTrigger", reason: SESSION },
  { id: "flink.testDynamicEventTimeSessionWindows", reason: SESSION },
  { id: "flink.testNotSideOutputDueToLatenessSessionWithHugeLateness", reason: SESSION },
  { id: "flink.testSessionWindowsWithContinuousEventTimeTrigger", reason: SESSION },
  { id: "flink.testSessionWindowsWithCountTrigger", reason: SESSION },
  { id: "flink.testSideOutputDueToLatenessSessionZeroLateness", reason: SESSION },
  { id: "flink.testSideOutputDueToLatenessSessionZeroLatenessPurgingTrigger", reason: SESSION },
];
