// Stands in for Supabase's auth service (GoTrue) in tests: does what supabase/auth does at bc32168 (August 2026), as far as
// the dashboard meets it; each behaviour names its source. Accounts are kept in memory, with their ids in auth.users, where
// memberships refer to; mails go out over SMTP.
//
// Not here, though it is there: the setting that asks for the current password, the end of a challenge and of an unverified factor after
// 300 seconds, and a refresh token that works again for some seconds.
import { randomUUID } from 'node:crypto';
import { Factors } from './factors.ts';
import { Links, type LinksOptions } from './links.ts';
import { Refusal, type Session, Sessions, type Store } from './sessions.ts';
import { DEFAULTS } from './settings.ts';
import { isBanned, show, type User } from './user.ts';

export interface AuthOptions extends LinksOptions {
  jwtSecret: string;
  secretKey: string;
  store: Store;
}

/** internal/api/errors.go, oauthErrorMap. */
const OAUTH_ERRORS: Record<number, string> = { 400: 'invalid_request', 403: 'access_denied', 500: 'server_error' };

export class AuthService {
  readonly settings = { ...DEFAULTS };
  readonly #users: User[] = [];
  readonly #sessions: Sessions;
  readonly #factors: Factors;
  readonly #links: Links;
  readonly #secretKey: string;
  readonly #store: Store;

  constructor(options: AuthOptions) {
    this.#secretKey = options.secretKey;
    this.#store = options.store;
    this.#sessions = new Sessions(options.externalUrl, options.jwtSecret, options.store);
    this.#factors = new Factors(this.#sessions, options.store);
    this.#links = new Links(this.settings, options);
  }

  /** As set up at first. */
  reset(): void {
    Object.assign(this.settings, DEFAULTS);
  }

  /** What an operator does in Studio. */
  async ban(email: string): Promise<void> {
    const user = this.#need(email);
    user.bannedUntil = new Date(Date.now() + 3_600_000);
    await this.#store('update auth.users set banned_until = $2 where id = $1', [user.id, user.bannedUntil]);
  }

  /** As if all of the account's sessions had begun so long ago. */
  ageSessions(email: string, hours: number): void {
    this.#sessions.age(this.#need(email), hours);
  }

  /** internal/api/errors.go, handleResponseErrorHTTP: what a refusal looks like depends on the version the client asks for. */
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
    const redirectTo = this.#links.redirect(url.searchParams.get('redirect_to'), request.headers.get('referer'));
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
      // internal/api/user.go, UserGet
      case 'GET /user':
        return Response.json(show(this.#sessions.of(request).user));
      case 'PUT /user':
        return this.#update(body, this.#sessions.of(request), redirectTo);
      case 'GET /reauthenticate':
        await this.#links.sendCode(this.#sessions.of(request).user);
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
    await this.#links.sendLink(user, 'confirmation', 'signup', redirectTo);
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
    if (user) await this.#links.sendLink(user, 'recovery', 'recovery', redirectTo);
    return Response.json({});
  }

  /** internal/api/invite.go */
  async #invite(body: { email: string }, redirectTo: string, request: Request): Promise<Response> {
    if (request.headers.get('apikey') !== this.#secretKey) throw new Refusal(403, 'not_admin', 'User not allowed');
    const email = validEmail(body.email);
    let user = this.#users.find((known) => known.email === email);
    if (user?.confirmedAt) throw taken();
    user ??= await this.#add({ email });
    await this.#links.sendLink(user, 'confirmation', 'invite', redirectTo);
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
      const user = this.#links.follow(this.#users, type, url.searchParams.get('token') ?? '');
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
    const user = this.#links.follow(this.#users, type, token_hash);
    if (user !== 'half') return Response.json(await this.#sessions.open(user, 'otp'));
    return Response.json({ msg: 'Confirmation link accepted.', code: '200' });
  }

  /** internal/api/user.go, UserUpdate */
  async #update(
    body: { password?: string; email?: string; nonce?: string },
    session: Session,
    redirectTo: string,
  ): Promise<Response> {
    const { user } = session;
    const email = body.email && body.email !== user.email ? validEmail(body.email) : undefined;
    if (user.factors.some(({ verified }) => verified) && session.aal !== 'aal2' && (body.password || email))
      throw new Refusal(
        401,
        'insufficient_aal',
        'AAL2 session is required to update email or password when MFA is enabled.',
      );
    if (email && this.#users.some((known) => known.email === email)) throw taken();
    if (body.password !== undefined) {
      this.#checkStrength(body.password);
      if (this.settings.secureChange && Date.now() > session.createdAt + 24 * 3_600_000) {
        if (!body.nonce) throw new Refusal(400, 'reauthentication_needed', 'Password update requires reauthentication');
        this.#links.checkCode(user, body.nonce);
      }
      if (user.password === body.password)
        throw new Refusal(422, 'same_password', 'New password should be different from the old password.');
      user.password = body.password;
      // models.User.UpdatePassword: mailed links and all other sessions end.
      user.tokens = {};
      await this.#sessions.endOthers(session);
    }
    if (email) {
      // sendEmailChange of internal/api/mail.go, with "secure email change": a link to each of the two addresses.
      user.change = { email, half: false };
      await this.#links.sendLink(user, 'changeNew', 'email_change', redirectTo, email);
      await this.#links.sendLink(user, 'changeCurrent', 'email_change', redirectTo);
    }
    return Response.json(show(user));
  }

  /** internal/api/password.go, checkPasswordStrength */
  #checkStrength(password: string): void {
    const { minimumLength } = this.settings;
    if (password.length < minimumLength)
      throw new Refusal(422, 'weak_password', `Password should be at least ${minimumLength} characters.`);
  }

  async #add(account: { email: string; password?: string }): Promise<User> {
    const user: User = { id: randomUUID(), tokens: {}, factors: [], ...account };
    this.#users.push(user);
    await this.#store('insert into auth.users (id, email) values ($1, $2)', [user.id, user.email]);
    return user;
  }

  #need(email: string): User {
    const user = this.#users.find((known) => known.email === email);
    if (!user) throw new Error(`nobody has the address ${email}`);
    return user;
  }
}

/** internal/api/errors.go, DuplicateEmailMsg */
const taken = () => new Refusal(422, 'email_exists', 'A user with this email address has already been registered');

/** validateEmail of internal/api/mail.go: lower case. */
function validEmail(email: string): string {
  if (!/^[^@\s]+@[^@\s]+$/.test(email ?? ''))
    throw new Refusal(400, 'validation_failed', 'Unable to validate email address: invalid format');
  return email.toLowerCase();
}
