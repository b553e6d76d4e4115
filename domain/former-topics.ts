// Topics that a device had on another platform and keeps until a day: `<word>/<id>`, such as devices/abc, and all below it.

/**
 * Two levels, so that none is below another and no device can write to another's; no wildcard, no `$`, no space. The topics of the
 * platform and of the broker machine's own probe are excluded.
 */
export const FORMER_TOPIC_PATTERN = /^(?!(?:tenants|probe)\/)[A-Za-z0-9._:-]{1,64}\/[A-Za-z0-9._:-]{1,64}$/;
/** Its first word. */
export const FORMER_ROOT_PATTERN = /^(?!(?:tenants|probe)$)[A-Za-z0-9._:-]{1,64}$/;
const FIRST_TWO_LEVELS = /^([^/]{1,64}\/[^/]{1,64})(?:\/|$)/;

/** Returns `topic` if a device may keep it. @throws Error that says what is allowed. */
export function assertFormerTopic(topic: string): string {
  if (FORMER_TOPIC_PATTERN.test(topic)) return topic;
  throw new Error(
    `former topic ${JSON.stringify(topic)} must be two levels such as devices/abc, each of 1-64 letters, digits and . _ : -, not under tenants or probe`,
  );
}

/** The former topic to which a topic would belong; undefined if it can belong to none. */
export function formerTopicOf(topic: string): string | undefined {
  const found = FIRST_TWO_LEVELS.exec(topic)?.[1];
  return found !== undefined && FORMER_TOPIC_PATTERN.test(found) ? found : undefined;
}

/** Ingest's subscription for all former topics with this first word. @throws Error if no former topic can begin with it. */
export function formerFilter(root: string): string {
  if (FORMER_ROOT_PATTERN.test(root)) return `${root}/+/#`;
  throw new Error(`${JSON.stringify(root)} is not the first word of a former topic`);
}
