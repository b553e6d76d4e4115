// Sessions of the stand-in for the auth service, and the tokens it signs for them, which the platform's API takes. They are in
// auth.sessions too, where the platform's database looks.
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { isBanned, show, type User } from './user.ts';

export interface Session {
  id: string;
  user: User;
  createdAt: number;
  refreshToken: string;
  method: 'password' | 'otp';
  aal: 'aal1' | 'aal2';
  /** The second factor it was raised by. */
  factorId?: string;
}

/** A statement on the platform's database; nothing where there is none. */
export type Store = (sql: string, values?: unknown[]) => Promise<unknown>;

/** What the service refuses, by its code. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export class Sessions {
  readonly #sessions: Session[] = [];
  readonly #issuer: string;
  readonly #secret: string;
  readonly #store: Store;

  constructor(issuer: string, secret: string, store: Store) {
    this.#issuer = issuer;
    this.#secret = secret;
    this.#store = store;
  }

  /** A new one, as its tokens. */
  async open(user: User, method: Session['method']) {
    const session: Session = {
      id: randomUUID(),
      user,
      createdAt: Date.now(),
      refreshToken: newToken(),
      method,
      aal: 'aal1',
    };
    this.#sessions.push(session);
    await this.#store('insert into auth.sessions (id, user_id, aal) values ($1, $2, $3)', [
      session.id,
      user.id,
      'aal1',
    ]);
    return this.tokens(session);
  }

  /** internal/tokens/service.go, RefreshTokenGrant */
  refresh(refreshToken: string) {
    const session = this.#sessions.find((known) => known.refreshToken === refreshToken);
    if (!session) throw new Refusal(400, 'refresh_token_not_found', 'Invalid Refresh Token: Refresh Token Not Found');
    if (isBanned(session.user)) throw new Refusal(400, 'user_banned', 'Invalid Refresh Token: User Banned');
    session.refreshToken = newToken();
    return this.tokens(session);
  }

  /** internal/api/auth.go, requireAuthentication */
  of(request: Request): Session {
    const [, token = ''] = /^Bearer (.+)$/.exec(request.headers.get('authorization') ?? '') ?? [];
    const [head, body = '', signature] = token.split('.');
    if (this.#sign(`${head}.${body}`) !== signature)
      throw new Refusal(403, 'bad_jwt', 'invalid JWT: unable to parse or verify signature');
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString());
    const session = this.#sessions.find(({ id }) => id === claims.session_id);
    if (!session) throw new Refusal(403, 'session_not_found', 'Session from session_id claim in JWT does not exist');
    if (isBanned(session.user)) throw new Refusal(403, 'user_banned', 'User is banned');
    return session;
  }

  async end(session: Session): Promise<void> {
    this.#sessions.splice(this.#sessions.indexOf(session), 1);
    await this.#store('delete from auth.sessions where id = $1', [session.id]);
  }

  /** Of the same account. @param which Default: all. */
  async endOthers(session: Session, which: (other: Session) => boolean = () => true): Promise<void> {
    for (const other of this.#sessions.filter(({ user }) => user === session.user)) {
      if (other !== session && which(other)) await this.end(other);
    }
  }

  async setLevel(session: Session, aal: Session['aal']): Promise<void> {
    session.aal = aal;
    await this.#store('update auth.sessions set aal = $2 where id = $1', [session.id, aal]);
  }

  /** Takes back what a second factor gave. */
  async lower(factorId: string): Promise<void> {
    for (const session of this.#sessions) if (session.factorId === factorId) await this.setLevel(session, 'aal1');
  }

  /** As if all of the account's had begun so long ago. */
  age(user: User, hours: number): void {
    for (const session of this.#sessions) if (session.user === user) session.createdAt -= hours * 3_600_000;
  }

  /** internal/tokens/service.go: AccessTokenResponse and its claims. */
  tokens({ id, user, refreshToken, method, aal }: Session) {
    const iat = Math.floor(Date.now() / 1000);
    const claims = {
      iss: this.#issuer,
      sub: user.id,
      aud: 'authenticated',
      iat,
      exp: iat + 3600,
      email: user.email,
      role: 'authenticated',
      aal,
      amr: [{ method, timestamp: iat }, ...(aal === 'aal2' ? [{ method: 'totp', timestamp: iat }] : [])],
      session_id: id,
      is_anonymous: false,
    };
    const unsigned = [{ alg: 'HS256', typ: 'JWT' }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    return {
      access_token: `${unsigned}.${this.#sign(unsigned)}`,
      token_type: 'bearer',
      expires_in: 3600,
      expires_at: iat + 3600,
      refresh_token: refreshToken,
      user: show(user),
    };
  }

  #sign = (text: string) => createHmac('sha256', this.#secret).update(text).digest('base64url');
}

const newToken = () => randomBytes(9).toString('base64url');
