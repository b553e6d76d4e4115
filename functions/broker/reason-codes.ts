// A broker's reasons for refusing or ending a connection (MQTT 5.0, 2.4), in words.

/** The session's client id connected again elsewhere. */
export const SESSION_TAKEN_OVER = 0x8e;

const REASONS: Record<number, string> = {
  128: 'unspecified error',
  129: 'malformed packet',
  130: 'protocol error',
  133: 'client identifier not valid',
  134: 'bad user name or password',
  135: 'not authorized',
  136: 'server unavailable',
  137: 'server busy',
  138: 'banned',
  139: 'server shutting down',
  141: 'keep alive timeout',
  142: 'session taken over by another connection with the same client id',
  143: 'topic filter invalid',
  147: 'receive maximum exceeded',
  149: 'packet too large',
  151: 'quota exceeded',
  152: 'administrative action',
};

/** The broker refused something, or ended the connection. */
export class BrokerRefusal extends Error {
  override name = 'BrokerRefusal';
  readonly reasonCode: number;

  /** @param what was refused or ended, such as "refused the connection". */
  constructor(what: string, reasonCode: number) {
    const code = `0x${reasonCode.toString(16).padStart(2, '0')}`;
    super(`the broker ${what}: ${REASONS[reasonCode] ?? 'no known reason'} (${code})`);
    this.reasonCode = reasonCode;
  }
}
