// What the program gave each resource, kept until the stack is judged. The engine sends a stack rule outputs: during a
// preview azure-native calls everything unknown that was not given, also inside lists, and names that are part of a
// resource's id are no outputs at all. What was given comes earlier, when the engine has each resource analysed by the
// rules about single resources, in the same process and before the first stack rule (generateSteps and
// AnalyzeResources in pulumi/pulumi, pkg/resource/deploy).
import { type KnownObject, known, read, UNKNOWN } from './known.ts';

/**
 * Inputs by URN. Not there is what the engine did not have analysed: what is only read, what --target left out and what
 * waits for something that failed; then the outputs are all there is. Nothing is there when no rule about single
 * resources is switched on.
 */
export class Inputs {
  private readonly props = new Map<string, unknown>();
  private readonly copies = new Map<string, KnownObject>();
  /** Stack rules that have judged since: with the next resource, or with one of them again, another run begins. */
  private readonly judges = new Set<string>();

  /** Takes the inputs as @pulumi/policy hands them over; they are copied when a stack rule asks. */
  remember(urn: string, props: unknown): void {
    if (this.judges.size > 0) this.forget();
    this.props.set(urn, props);
    this.copies.delete(urn);
  }

  /** Must be called before a stack rule judges. */
  startJudging(rule: string): void {
    if (this.judges.has(rule)) this.forget();
    this.judges.add(rule);
  }

  private forget(): void {
    this.props.clear();
    this.copies.clear();
    this.judges.clear();
  }

  /** True when nothing was remembered. */
  get isEmpty(): boolean {
    return this.props.size === 0;
  }

  /**
   * The inputs, and of the outputs what the program did not give and is known: that comes from Azure and is in force.
   * @returns undefined for a resource that was not analysed.
   */
  withOutputs(urn: string, outputs: object): KnownObject | undefined {
    const props = this.props.get(urn);
    if (props === undefined) return undefined;
    const given = this.copies.get(urn) ?? (known(props) as KnownObject);
    this.copies.set(urn, given);
    const all = { ...given };
    for (const key of Object.keys(outputs)) {
      if (given[key] !== undefined) continue;
      const output = known(read(outputs, key));
      if (output !== UNKNOWN) all[key] = output;
    }
    return all;
  }
}
