// Exceptions in force: which findings they excuse, and how reports describe them.
import { type Exception, matches, urnParts } from './exception.ts';

/** One exception excuses a finding; each use is counted for the report. */
export class Exceptions {
  private readonly own: readonly Exception[];
  private readonly refused: readonly string[];
  /** Exceptions from the policy configuration, by policy. */
  private readonly granted = new Map<string, { text: string; exceptions: Exceptions }>();
  private readonly uses = new Map<Exception, number>();

  constructor(inForce: readonly Exception[] = [], problems: readonly string[] = []) {
    this.own = inForce;
    this.refused = problems;
  }

  get inForce(): readonly Exception[] {
    return [...this.own, ...[...this.granted.values()].flatMap(({ exceptions }) => exceptions.inForce)];
  }

  /** Why entries were refused. */
  get problems(): readonly string[] {
    return [...this.refused, ...[...this.granted.values()].flatMap(({ exceptions }) => exceptions.problems)];
  }

  /** Adds the exceptions in a policy's configuration. Called for every resource, so only a changed list is parsed. */
  grant(policy: string, list: unknown, parse: (list: unknown) => Exceptions): void {
    const text = JSON.stringify(list);
    if (this.granted.get(policy)?.text !== text) this.granted.set(policy, { text, exceptions: parse(list) });
  }

  /** True when an exception covers the resource for the policy. */
  covers(policy: string, urn: string): boolean {
    return this.find(policy, urn) !== undefined;
  }

  /** The same for one finding; counts the use. */
  excuse(policy: string, urn: string): boolean {
    const found = this.find(policy, urn);
    if (found !== undefined) this.uses.set(found, (this.uses.get(found) ?? 0) + 1);
    return found !== undefined;
  }

  private find(policy: string, urn: string): Exception | undefined {
    return this.inForce.find((exception) => exception.policy === policy && matches(exception.urn, urn));
  }

  /** One line for each exception that covers one of these resources: expiry date, policy, resource, number of uses and reason. */
  describe(urns: readonly string[]): string[] {
    return this.inForce
      .filter(({ urn }) => urns.some((each) => matches(urn, each)))
      .map((exception) => {
        const { policy, urn, reason, expires } = exception;
        const used = this.uses.get(exception) ?? 0;
        const excused = used === 0 ? 'excuses nothing here' : `excuses ${used} ${used === 1 ? 'finding' : 'findings'}`;
        const { type, name } = urnParts(urn)!;
        return `exception until ${expires}: ${policy} on ${type.split(':').at(-1)} ${name}, ${excused}: ${reason}`;
      });
  }
}
