// Second factors of the stand-in for the auth service: what internal/api/mfa.go of supabase/auth does with TOTP. Kept in auth.mfa_factors
// too, where the platform's database looks.
import { randomBytes, randomUUID } from 'node:crypto';
import { Refusal, type Session, type Sessions, type Store } from './sessions.ts';
import { base32, totp } from './totp.ts';
import type { Factor } from './user.ts';

/** The table as GoTrue makes it (migrations/20221003041349_add_mfa_schema.up.sql), for a platform whose own service has none. */
const TABLE = `create table if not exists auth.mfa_factors (
  id uuid primary key, user_id uuid not null references auth.users (id) on delete cascade, status text not null)`;

/** MFA.MaxEnrolledFactors of internal/conf/configuration.go. */
const MOST = 10;

export class Factors {
  readonly #sessions: Sessions;
  readonly #store: Store;

  constructor(sessions: Sessions, store: Store) {
    this.#sessions = sessions;
    this.#store = store;
  }

  /** @param path below `/factors`, such as `/ID/verify`. */
  // biome-ignore lint/suspicious/noExplicitAny: bodies of requests
  async handle(method: string, path: string, body: any, session: Session): Promise<Response> {
    const [, id, action] = path.split('/');
    if (method === 'POST' && !id) return this.#enroll(body, session);
    const factor = session.user.factors.find((known) => known.id === id);
    if (!factor) throw new Refusal(404, 'mfa_factor_not_found', 'Factor not found');
    if (method === 'DELETE') return this.#unenroll(factor, session);
    if (action === 'challenge') return this.#challenge(factor);
    if (action === 'verify') return this.#verify(factor, body, session);
    throw new Refusal(404, 'unknown', `${method} ${path} is not served`);
  }

  /** enrollTOTPFactor, validateFactors */
  async #enroll(body: { friendly_name?: string; factor_type: string }, session: Session): Promise<Response> {
    const { user } = session;
    const name = body.friendly_name ?? '';
    if (user.factors.some((known) => known.name === name))
      throw new Refusal(422, 'mfa_factor_name_conflict', `A factor with the friendly name "${name}" already exists`);
    if (user.factors.length >= MOST)
      throw new Refusal(422, 'too_many_enrolled_mfa_factors', 'Maximum number of verified factors reached');
    if (user.factors.some(({ verified }) => verified) && session.aal !== 'aal2')
      throw new Refusal(403, 'insufficient_aal', 'AAL2 required to enroll a new factor');
    const factor: Factor = { id: randomUUID(), name, secret: base32(randomBytes(20)), verified: false };
    user.factors.push(factor);
    await this.#store(TABLE);
    await this.#store('insert into auth.mfa_factors values ($1, $2, $3)', [factor.id, user.id, 'unverified']);
    const uri = `otpauth://totp/platform.example:${user.email}?secret=${factor.secret}&issuer=platform.example`;
    const shown = { qr_code: '<svg xmlns="http://www.w3.org/2000/svg"/>', secret: factor.secret, uri };
    return Response.json({ id: factor.id, type: 'totp', friendly_name: name, totp: shown });
  }

  /** challengeTOTPFactor */
  #challenge(factor: Factor): Response {
    factor.challenge = randomUUID();
    return Response.json({ id: factor.challenge, type: 'totp', expires_at: Math.floor(Date.now() / 1000) + 300 });
  }

  /** verifyTOTPFactor: one period of 30 s to either side; a challenge works once. */
  async #verify(factor: Factor, body: { challenge_id: string; code: string }, session: Session): Promise<Response> {
    if (!factor.challenge || factor.challenge !== body.challenge_id)
      throw new Refusal(422, 'mfa_factor_not_found', 'MFA factor with the provided challenge ID not found');
    const codes = [-30_000, 0, 30_000].map((skew) => totp(factor.secret, Date.now() + skew));
    if (!codes.includes(body.code)) throw new Refusal(422, 'mfa_verification_failed', 'Invalid TOTP code entered');
    delete factor.challenge;
    factor.verified = true;
    const { user } = session;
    await this.#store("update auth.mfa_factors set status = 'verified' where id = $1", [factor.id]);
    session.factorId = factor.id;
    await this.#sessions.setLevel(session, 'aal2');
    // InvalidateSessionsWithAALLessThan, DeleteUnverifiedFactors
    await this.#sessions.endOthers(session, ({ aal }) => aal !== 'aal2');
    for (const { id } of user.factors.filter(({ verified }) => !verified)) await this.#remove(user, id);
    return Response.json(this.#sessions.tokens(session));
  }

  /** UnenrollFactor: the sessions that were raised by it fall back, in tokens from then on. */
  async #unenroll(factor: Factor, session: Session): Promise<Response> {
    if (factor.verified && session.aal !== 'aal2')
      throw new Refusal(422, 'insufficient_aal', 'AAL2 required to unenroll verified factor');
    await this.#remove(session.user, factor.id);
    await this.#sessions.lower(factor.id);
    return Response.json({ id: factor.id });
  }

  async #remove(user: Session['user'], id: string): Promise<void> {
    user.factors = user.factors.filter((known) => known.id !== id);
    await this.#store('delete from auth.mfa_factors where id = $1', [id]);
  }
}
