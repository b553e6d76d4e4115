// The program's inputs of each resource, kept until the stack is judged. The engine passes outputs to a stack rule. During a
// preview, azure-native marks every output unknown that is not an input, even inside lists, and names that are part of a
// resource's id are not outputs at all. The inputs arrive earlier: the engine analyses each resource with the rules about
// single resources, in the same process and before the first stack rule (generateSteps and AnalyzeResources in
// pulumi/pulumi, pkg/resource/deploy).
import { type KnownObject, known, read, UNKNOWN } from './known.ts';

/**
 * Inputs by URN. Resources that the engine did not analyse are missing: those that are only read, those outside --target and
 * those that depend on a failure. Only their outputs are available. Empty when every rule about single resources is disabled.
 */
export class Inputs {
  private readonly props = new Map<string, unknown>();
  private readonly copies = new Map<string, KnownObject>();
  /** Stack rules that have judged this run. The next resource, or the same stack rule again, starts a new run. */
  private readonly judges = new Set<string>();

  /** Stores the inputs that @pulumi/policy passes; they are copied when a stack rule needs them. */
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

  /** True when no inputs are stored. */
  get isEmpty(): boolean {
    return this.props.size === 0;
  }

  /**
   * The inputs, plus known outputs that are not inputs: those values come from Azure and are in force.
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
