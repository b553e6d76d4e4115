// Exceptions in force: which findings they excuse, and what is to be told of them.
import { type Exception, matches, urnParts } from './exception.ts';

/** A finding is excused by one exception; what is excused is counted, so that every report can show it. */
export class Exceptions {
  private readonly own: readonly Exception[];
  private readonly refused: readonly string[];
  /** What the policy configuration grants, by policy. */
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

  /** Adds what the configuration of a policy grants. A policy is asked of every resource: only another list is parsed. */
  grant(policy: string, list: unknown, parse: (list: unknown) => Exceptions): void {
    const text = JSON.stringify(list);
    if (this.granted.get(policy)?.text !== text) this.granted.set(policy, { text, exceptions: parse(list) });
  }

  /** True when an exception covers the resource for the policy. */
  covers(policy: string, urn: string): boolean {
    return this.find(policy, urn) !== undefined;
  }

  /** The same for one finding, which is counted. */
  excuse(policy: string, urn: string): boolean {
    const found = this.find(policy, urn);
    if (found !== undefined) this.uses.set(found, (this.uses.get(found) ?? 0) + 1);
    return found !== undefined;
  }

  private find(policy: string, urn: string): Exception | undefined {
    return this.inForce.find((exception) => exception.policy === policy && matches(exception.urn, urn));
  }

  /** One line for each exception that is about one of these resources: how long, what, how often it was needed and why. */
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
