// Topics that a device had on another platform and keeps until a day: `<word>/<id>`, such as devices/abc, and all below it.

/**
 * Two levels, so that none lies under another and no device writes to another's; no wildcard, no `$`, no space. The trees of
 * the platform and of the broker machine's own probe are taken.
 */
export const FORMER_TOPIC_PATTERN = /^(?!(?:tenants|probe)\/)[A-Za-z0-9._:-]{1,64}\/[A-Za-z0-9._:-]{1,64}$/;
/** The first word of one. */
export const FORMER_ROOT_PATTERN = /^(?!(?:tenants|probe)$)[A-Za-z0-9._:-]{1,64}$/;
const FIRST_TWO_LEVELS = /^([^/]{1,64}\/[^/]{1,64})(?:\/|$)/;

/** Returns `topic` when a device may keep it. @throws Error that says what is allowed. */
export function assertFormerTopic(topic: string): string {
  if (FORMER_TOPIC_PATTERN.test(topic)) return topic;
  throw new Error(
    `former topic ${JSON.stringify(topic)} must be two levels such as devices/abc, each of 1-64 letters, digits and . _ : -, not under tenants or probe`,
  );
}

/** The former topic that a topic would belong to; undefined when it can belong to none. */
export function formerTopicOf(topic: string): string | undefined {
  const found = FIRST_TWO_LEVELS.exec(topic)?.[1];
  return found !== undefined && FORMER_TOPIC_PATTERN.test(found) ? found : undefined;
}

/** What ingest subscribes to for all former topics that begin with a word. @throws Error when that is none. */
export function formerFilter(root: string): string {
  if (FORMER_ROOT_PATTERN.test(root)) return `${root}/+/#`;
  throw new Error(`${JSON.stringify(root)} is not the first word of a former topic`);
}
