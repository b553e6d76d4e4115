/* How much one tenant may send, how many connections it may have, and when a connection is taken for dead. Pure. */
#include "gate.h"

bool rate_allows(struct tenant *tenant, unsigned rate, int64_t now_ms) {
	if (rate == 0) return true;
	const double most = (double)rate * (int)BURST_SECONDS;
	const int64_t passed = tenant->filled_ms == 0 ? BURST_SECONDS * 1000 : now_ms - tenant->filled_ms;
	/* A clock that was set back gives nothing, and takes nothing. */
	if (passed > 0) tenant->tokens += (double)passed * rate / 1000;
	if (tenant->tokens > most) tenant->tokens = most;
	tenant->filled_ms = now_ms;
	if (tenant->tokens < 1) return false;
	tenant->tokens -= 1;
	return true;
}

bool is_banned(const struct account *account, int64_t now_ms) {
	/* A clock that was set back makes no ban longer. */
	return account->banned_until_ms > now_ms && account->banned_until_ms <= now_ms + BAN_MS;
}

bool was_fruitless(const struct account *account, int64_t now_ms) {
	return !account->heard && now_ms - account->seen_ms < SOON_MS;
}

bool is_silent(const struct account *account, int64_t now_ms) {
	const bool tells = account->keep_alive > 0 && account->keep_alive <= LONG_KEEP_ALIVE;
	return account->client && !tells && now_ms - account->seen_ms > SILENT_MS;
}

void connection_began(struct account *account, const void *client) {
	if (account->tenant && !account->client) account->tenant->connections++;
	account->client = client;
}

void connection_ended(struct account *account) {
	if (!account->client) return;
	if (account->tenant) account->tenant->connections--;
	account->ended = account->client;
	account->client = NULL;
}

bool connections_allow(const struct account *account, unsigned most) {
	/* One that connects again takes the place of its own connection. */
	return most == 0 || !account->tenant || account->client || account->tenant->connections < most;
}
