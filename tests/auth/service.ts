// Stands in for Supabase's auth service (GoTrue) in tests: does what supabase/auth does at bc32168 (August 2026), as far as
// the dashboard meets it; each behaviour names its source. Accounts are kept in memory, with their ids in auth.users, where
// memberships refer to; mails go out over SMTP.
import { createHash, randomBytes, randomInt, randomUUID } from 'node:crypto';
import { createTransport } from 'nodemailer';
import { Factors } from './factors.ts';
import { Refusal, type Session, Sessions, type Store } from './sessions.ts';
import { isBanned, show, type TokenKind, type User } from './user.ts';

/** What an operator sets in Supabase under Authentication. */
export interface AuthSettings {
  disableSignup: boolean;
  autoconfirm: boolean;
  minimumLength: number;
  /** "Secure password change". */
  secureChange: boolean;
  /** Seconds between two mails of a kind to one account. Supabase's default: 60. */
  maxFrequency: number;
  /** Seconds that a mailed link works. Supabase's default: 3600. */
  linkLifetime: number;
  /** While there is no mail server of the project's own, Supabase mails these alone. Empty: everybody. */
  authorizedAddresses: string[];
  /** Mail templates as docs/deploy.md has them, instead of Supabase's. */
  ownTemplates: boolean;
}

const DEFAULTS: AuthSettings = {
  disableSignup: false,
  autoconfirm: false,
  minimumLength: 12,
  secureChange: false,
  maxFrequency: 0,
  linkLifetime: 3600,
  authorizedAddresses: [],
  ownTemplates: false,
};

export interface AuthOptions {
  /** "Site URL", and where this service is (`…/auth/v1`). */
  siteUrl: string;
  externalUrl: string;
  jwtSecret: string;
  secretKey: string;
  smtpPort: number;
  store: Store;
}

/** internal/api/errors.go, oauthErrorMap. */
const OAUTH_ERRORS: Record<number, string> = { 400: 'invalid_request', 403: 'access_denied', 500: 'server_error' };

export class AuthService {
  readonly settings = { ...DEFAULTS };
  readonly #users: User[] = [];
  readonly #sessions: Sessions;
  readonly #factors: Factors;
  readonly #options: AuthOptions;
  readonly #transport;

  constructor(options: AuthOptions) {
    this.#options = options;
    this.#sessions = new Sessions(options.externalUrl, options.jwtSecret, options.store);
    this.#factors = new Factors(this.#sessions, options.store);
    this.#transport = createTransport({ host: '127.0.0.1', port: options.smtpPort, secure: false, ignoreTLS: true });
  }

  /** As set up at first. */
  reset(): void {
    Object.assign(this.settings, DEFAULTS);
  }

  /** What an operator does in Studio. */
  async ban(email: string): Promise<void> {
    const user = this.#need(email);
    user.bannedUntil = new Date(Date.now() + 3_600_000);
    await this.#options.store('update auth.users set banned_until = $2 where id = $1', [user.id, user.bannedUntil]);
  }

  /** As if all of the account's sessions had begun so long ago. */
  ageSessions(email: string, hours: number): void {
    this.#sessions.age(this.#need(email), hours);
  }

  async handle(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const route = `${request.method} ${url.pathname.replace(/^.*\/auth\/v1/, '')}`;
    try {
      const body = request.method === 'GET' ? {} : await request.json().catch(() => ({}));
      return await this.#route(route, url, body, request);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { status, code, message } = error;
      const version = request.headers.get('x-supabase-api-version');
      return Response.json(version ? { code, message } : { code: status, error_code: code, msg: message }, {
        status,
        headers: version ? { 'x-supabase-api-version': version } : {},
      });
    }
  }

  // biome-ignore lint/suspicious/noExplicitAny: bodies of requests
  async #route(route: string, url: URL, body: any, request: Request): Promise<Response> {
    const redirectTo = this.#redirect(url.searchParams.get('redirect_to'), request.headers.get('referer'));
    const [, factorPath] = /^\w+ \/factors(.*)$/.exec(route) ?? [];
    if (factorPath !== undefined)
      return this.#factors.handle(request.method, factorPath, body, this.#sessions.of(request));
    switch (route) {
      case 'GET /health':
        return Response.json({ name: 'GoTrue' });
      case 'GET /settings':
        return this.#showSettings();
      case 'POST /signup':
        return this.#signUp(body, redirectTo);
      case 'POST /token':
        return url.searchParams.get('grant_type') === 'password' ? this.#signIn(body) : this.#refresh(body);
      case 'POST /recover':
        return this.#recover(body, redirectTo);
      case 'POST /invite':
        return this.#invite(body, redirectTo, request);
      case 'GET /verify':
        return this.#verify(url, redirectTo);
      case 'POST /verify':
        return this.#verifyHash(body);
      case 'GET /user':
        return Response.json(show(this.#sessions.of(request).user));
      case 'PUT /user':
        return this.#update(body, this.#sessions.of(request), redirectTo);
      case 'GET /reauthenticate':
        await this.#sendCode(this.#sessions.of(request).user);
        return Response.json({});
      case 'POST /logout':
        return this.#logOut(url.searchParams.get('scope') ?? 'global', this.#sessions.of(request));
      default:
        throw new Refusal(404, 'unknown', `${route} is not served`);
    }
  }

  /** internal/api/settings.go */
  #showSettings(): Response {
    const { disableSignup, autoconfirm } = this.settings;
    return Response.json({
      external: { email: true, anonymous_users: false },
      disable_signup: disableSignup,
      mailer_autoconfirm: autoconfirm,
    });
  }

  /** internal/api/signup.go */
  async #signUp(body: { email: string; password: string }, redirectTo: string): Promise<Response> {
    if (this.settings.disableSignup) throw new Refusal(422, 'signup_disabled', 'Signups not allowed for this instance');
    this.#checkStrength(body.password);
    const email = validEmail(body.email);
    let user = this.#users.find((known) => known.email === email);
    if (user?.confirmedAt) {
      if (this.settings.autoconfirm) throw new Refusal(422, 'user_already_exists', 'User already registered');
      // Obfuscated: nobody learns who has an account. No mail is sent. `identities` is empty.
      return Response.json({ ...show(user), id: randomUUID(), email_confirmed_at: null, identities: [] });
    }
    // Of an account that is not confirmed the password stays as it was: "we can't be sure of their claimed identity".
    user ??= await this.#add({ email, password: body.password });
    if (this.settings.autoconfirm) {
      user.confirmedAt = new Date();
      return Response.json(await this.#sessions.open(user, 'password'));
    }
    await this.#sendLink(user, 'confirmation', 'signup', redirectTo);
    return Response.json(user.invitedAt ? { ...show(user), identities: [] } : show(user));
  }

  /** internal/api/token.go, ResourceOwnerPasswordGrant */
  async #signIn({ email, password }: { email: string; password: string }): Promise<Response> {
    const user = this.#users.find((known) => known.email === email?.toLowerCase());
    const wrong = new Refusal(400, 'invalid_credentials', 'Invalid login credentials');
    if (!user?.password) throw wrong;
    if (isBanned(user)) throw new Refusal(400, 'user_banned', 'User is banned');
    if (user.password !== password) throw wrong;
    if (!user.confirmedAt) throw new Refusal(400, 'email_not_confirmed', 'Email not confirmed');
    return Response.json(await this.#sessions.open(user, 'password'));
  }

  /** internal/api/logout.go */
  async #logOut(scope: string, session: Session): Promise<Response> {
    if (scope !== 'local') await this.#sessions.endOthers(session);
    if (scope !== 'others') await this.#sessions.end(session);
    return new Response(null, { status: 204 });
  }

  /** internal/tokens/service.go, RefreshTokenGrant */
  #refresh({ refresh_token }: { refresh_token: string }): Response {
    return Response.json(this.#sessions.refresh(refresh_token));
  }

  /** internal/api/recover.go: the same answer for an address that nobody has. */
  async #recover(body: { email: string }, redirectTo: string): Promise<Response> {
    const email = validEmail(body.email);
    const user = this.#users.find((known) => known.email === email);
    if (user) await this.#sendLink(user, 'recovery', 'recovery', redirectTo);
    return Response.json({});
  }

  /** internal/api/invite.go */
  async #invite(body: { email: string }, redirectTo: string, request: Request): Promise<Response> {
    if (request.headers.get('apikey') !== this.#options.secretKey)
      throw new Refusal(403, 'not_admin', 'User not allowed');
    const email = validEmail(body.email);
    let user = this.#users.find((known) => known.email === email);
    if (user?.confirmedAt)
      throw new Refusal(422, 'email_exists', 'A user with this email address has already been registered');
    user ??= await this.#add({ email });
    await this.#sendLink(user, 'confirmation', 'invite', redirectTo);
    user.invitedAt = new Date();
    return Response.json(show(user));
  }

  /** internal/api/verify.go, verifyGet: always sends the browser on, with a session or an error in the fragment. */
  async #verify(url: URL, redirectTo: string): Promise<Response> {
    const type = url.searchParams.get('type') ?? '';
    const go = (fragment: Record<string, string>) =>
      new Response(null, {
        status: 303,
        headers: { location: `${redirectTo}#${new URLSearchParams({ ...fragment, sb: '' })}` },
      });
    try {
      const user = this.#userOfLink(type, url.searchParams.get('token') ?? '');
      if (user === 'half') {
        const message = 'Confirmation link accepted. Please proceed to confirm link sent to the other email';
        return go({ message });
      }
      const { access_token, expires_at, expires_in, refresh_token, token_type } = await this.#sessions.open(
        user,
        'otp',
      );
      // internal/tokens/service.go, AsRedirectURL
      return go({
        access_token,
        expires_at: `${expires_at}`,
        expires_in: `${expires_in}`,
        refresh_token,
        token_type,
        type,
      });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { status, code, message } = error;
      return go({ error: OAUTH_ERRORS[status] ?? '', error_code: code, error_description: message });
    }
  }

  /** verifyPost of the same file, with a hash. */
  async #verifyHash({ type, token_hash }: { type: string; token_hash: string }): Promise<Response> {
    const user = this.#userOfLink(type, token_hash);
    if (user !== 'half') return Response.json(await this.#sessions.open(user, 'otp'));
    return Response.json({ msg: 'Confirmation link accepted.', code: '200' });
  }

  /** verifyTokenHash, signupVerify, recoverVerify and emailChangeVerify: a token works once, for its own type. */
  #userOfLink(type: string, hash: string): User | 'half' {
    const kinds: Record<string, TokenKind[]> = {
      signup: ['confirmation'],
      invite: ['confirmation'],
      recovery: ['recovery'],
      magiclink: ['recovery'],
      email_change: ['changeNew', 'changeCurrent'],
    };
    if (!kinds[type]) throw new Refusal(400, 'validation_failed', 'Invalid email verification type');
    const expired = new Refusal(403, 'otp_expired', 'Email link is invalid or has expired');
    for (const user of this.#users) {
      const kind = kinds[type].find((one) => hash !== '' && user.tokens[one]?.hash === hash);
      if (!kind) continue;
      if (isBanned(user)) throw new Refusal(403, 'user_banned', 'User is banned');
      if (this.#isExpired(user, kind)) throw expired;
      if (type === 'email_change' && user.change) {
        delete user.tokens[kind];
        if (!user.change.half) {
          user.change.half = true;
          return 'half';
        }
        user.email = user.change.email;
        delete user.change;
      }
      // A temporary password for who was invited and has none.
      if (type === 'invite' && !user.password && user.invitedAt) user.password = randomBytes(32).toString('hex');
      // models.User.Confirm, Recover: all of the account's links end with one. Recovery confirms the address as well.
      user.tokens = {};
      user.confirmedAt ??= new Date();
      return user;
    }
    throw expired;
  }

  /** internal/api/user.go, UserUpdate */
  async #update(
    body: { password?: string; email?: string; nonce?: string },
    session: Session,
    redirectTo: string,
  ): Promise<Response> {
    const { user } = session;
    if (user.factors.some(({ verified }) => verified) && session.aal !== 'aal2' && (body.password || body.email))
      throw new Refusal(
        401,
        'insufficient_aal',
        'AAL2 session is required to update email or password when MFA is enabled.',
      );
    if (body.password !== undefined) {
      this.#checkStrength(body.password);
      if (this.settings.secureChange && Date.now() > session.createdAt + 24 * 3_600_000) {
        if (!body.nonce) throw new Refusal(400, 'reauthentication_needed', 'Password update requires reauthentication');
        const { reauthentication } = user.tokens;
        if (reauthentication?.hash !== hashOf(user.email, body.nonce) || this.#isExpired(user, 'reauthentication'))
          throw new Refusal(422, 'reauthentication_not_valid', 'Nonce has expired or is invalid');
      }
      if (user.password === body.password)
        throw new Refusal(422, 'same_password', 'New password should be different from the old password.');
      user.password = body.password;
      // models.User.UpdatePassword: mailed links and all other sessions end.
      user.tokens = {};
      await this.#sessions.endOthers(session);
    }
    if (body.email && body.email !== user.email) {
      // sendEmailChange of internal/api/mail.go, with "secure email change": a link to each of the two addresses.
      user.change = { email: validEmail(body.email), half: false };
      await this.#sendLink(user, 'changeNew', 'email_change', redirectTo, user.change.email);
      await this.#sendLink(user, 'changeCurrent', 'email_change', redirectTo);
    }
    return Response.json(show(user));
  }

  /** internal/api/password.go, checkPasswordStrength */
  #checkStrength(password: string): void {
    const { minimumLength } = this.settings;
    if (password.length < minimumLength)
      throw new Refusal(422, 'weak_password', `Password should be at least ${minimumLength} characters.`);
  }

  /** utilities.GetReferrer, IsRedirectURLValid: the site's own host, else the referrer, else "Site URL" itself. */
  #redirect(...wanted: (string | null)[]): string {
    const site = new URL(this.#options.siteUrl);
    const isOurs = (address: string | null): address is string =>
      address !== null && URL.canParse(address) && new URL(address).origin === site.origin;
    return wanted.find(isOurs) ?? this.#options.siteUrl;
  }

  /** sendConfirmation, sendPasswordRecovery, sendInvite of internal/api/mail.go; getPath of the templatemailer. */
  async #sendLink(user: User, kind: TokenKind, type: string, redirectTo: string, to = user.email): Promise<void> {
    const hash = this.#newToken(user, kind, to).hash;
    const query = new URLSearchParams({ token: hash, type, redirect_to: redirectTo });
    const own = new URLSearchParams({ token_hash: hash, type, next: redirectTo });
    const { siteUrl, externalUrl } = this.#options;
    const href = this.settings.ownTemplates ? `${siteUrl}/link#${own}` : `${externalUrl}/verify?${query}`;
    await this.#mail(to, type, `<a href="${href.replaceAll('&', '&amp;')}">`);
  }

  /** internal/api/reauthenticate.go */
  async #sendCode(user: User): Promise<void> {
    const { otp } = this.#newToken(user, 'reauthentication', user.email);
    await this.#mail(user.email, 'reauthentication', `<p>${otp}</p>`);
  }

  #newToken(user: User, kind: TokenKind, to: string): { hash: string; otp: string } {
    const { maxFrequency, authorizedAddresses } = this.settings;
    const before = user.tokens[kind];
    // validateSentWithinFrequencyLimit; GoTrue looks at an invitation's mails no more often than others.
    if (before && before.sentAt + maxFrequency * 1000 > Date.now())
      throw new Refusal(429, 'over_email_send_rate_limit', 'For security purposes, you can only request this later.');
    if (authorizedAddresses.length > 0 && !authorizedAddresses.includes(to))
      throw new Refusal(400, 'email_address_not_authorized', `Email address "${to}" cannot be used`);
    const otp = String(randomInt(100_000, 1_000_000));
    const hash = hashOf(to, otp);
    user.tokens[kind] = { hash, sentAt: Date.now() };
    return { hash, otp };
  }

  #isExpired(user: User, kind: TokenKind): boolean {
    return Date.now() >= (user.tokens[kind]?.sentAt ?? 0) + this.settings.linkLifetime * 1000;
  }

  #mail(to: string, subject: string, html: string) {
    return this.#transport.sendMail({ from: 'auth@platform.example', to, subject, html });
  }

  async #add(account: { email: string; password?: string }): Promise<User> {
    const user: User = { id: randomUUID(), tokens: {}, factors: [], ...account };
    this.#users.push(user);
    await this.#options.store('insert into auth.users (id, email) values ($1, $2)', [user.id, user.email]);
    return user;
  }

  #need(email: string): User {
    const user = this.#users.find((known) => known.email === email);
    if (!user) throw new Error(`nobody has the address ${email}`);
    return user;
  }
}

/** internal/crypto, GenerateTokenHash */
const hashOf = (email: string, otp: string) =>
  createHash('sha224')
    .update(email + otp)
    .digest('hex');

/** validateEmail of internal/api/mail.go: lower case. */
function validEmail(email: string): string {
  if (!/^[^@\s]+@[^@\s]+$/.test(email ?? ''))
    throw new Refusal(400, 'validation_failed', 'Unable to validate email address: invalid format');
  return email.toLowerCase();
}
