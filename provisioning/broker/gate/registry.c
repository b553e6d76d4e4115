/* The registry file: who may connect. Read as a whole or refused as a whole, so that a broken file changes nothing. Pure.
 *
 *   # Generated from the registry; changes made here are overwritten.
 *   acme.pump-1 $7$101$SALT$KEY write:sensors/1/#
 *   svc-ingest $7$101$SALT$KEY read:tenants/+/devices/+/telemetry
 *
 * One line an account, by user name ascending. A device ("tenant.device") has the rights on its own topics without a word;
 * the words give it topics it keeps from before. A service ("svc-...") has only what its words say. */
#include "gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const reason_names[REASONS] = {
	"accepted", "wrong_key", "unknown_device", "wrong_channel", "oversize", "foreign_topic", "foreign_filter", "will", "rate",
	"connections", "full", "fruitless",
};

static const char header[] = "# Generated from the registry; changes made here are overwritten.";

/* Kinds of characters; strspn() would take ten times as long, and the broker waits. */
enum { DIGITS = 1, LOWER = 2, UPPER = 4, HYPHEN = 8, PLUS_SLASH = 16, DOT_COLON = 32, EQUALS = 64, BASE64 = DIGITS | LOWER | UPPER | PLUS_SLASH };

static int kind_of(char c) {
	if (c >= 'a' && c <= 'z') return LOWER;
	if (c >= '0' && c <= '9') return DIGITS;
	if (c >= 'A' && c <= 'Z') return UPPER;
	if (c == '+' || c == '/') return PLUS_SLASH;
	if (c == '.' || c == '_' || c == ':') return DOT_COLON;
	return c == '-' ? HYPHEN : c == '=' ? EQUALS : 0;
}

/* How many characters of these kinds a text begins with. */
static size_t span(const char *text, int kinds) {
	size_t length = 0;
	while (kind_of(text[length]) & kinds) length++;
	return length;
}

/* Length of a slug, domain/identifiers.ts; 0: none. */
static size_t slug(const char *text) {
	const size_t length = *text == '-' ? 0 : span(text, LOWER | DIGITS | HYPHEN);
	return length <= 63 ? length : 0;
}

static bool is_device(const char *name) {
	const size_t tenant = slug(name);
	if (tenant == 0 || name[tenant] != '.') return false;
	const size_t device = slug(name + tenant + 1);
	return device > 0 && name[tenant + 1 + device] == '\0';
}

static bool is_service(const char *name) {
	if (strncmp(name, "svc-", 4) != 0) return false;
	const size_t length = span(name + 4, LOWER | DIGITS | HYPHEN);
	return length >= 1 && length <= 60 && name[4 + length] == '\0';
}

/* An account's usual name, or that with the number of a generation behind it. */
static bool is_generation_of(const char *usual, const char *name) {
	const size_t length = strlen(usual);
	if (strncmp(name, usual, length) != 0) return false;
	name += length;
	return *name == '\0' || (*name == '-' && name[1] >= '1' && name[1] <= '9' && name[1 + span(name + 1, DIGITS)] == '\0');
}

static bool is_ingest(const char *name) {
	return is_generation_of("svc-ingest", name);
}

bool is_control(const char *name) {
	return is_generation_of("svc-control", name);
}

static bool is_hash(const char *text) {
	if (strncmp(text, "$7$", 3) != 0) return false;
	text += 3;
	const size_t rounds = *text == '0' ? 0 : span(text, DIGITS);
	if (rounds < 1 || rounds > 9 || text[rounds] != '$') return false;
	text += rounds + 1;
	const size_t salt = span(text, BASE64), pad = span(text + salt, EQUALS);
	if (salt < 4 || salt > 64 || pad > 2 || text[salt + pad] != '$') return false;
	text += salt + pad + 1;
	return span(text, BASE64) == 86 && strcmp(text + 86, "==") == 0;
}

/* A former topic's right: two levels and all below them, domain/former-topics.ts. */
static bool is_former(const char *right) {
	if (strncmp(right, "write:", 6) != 0) return false;
	right += 6;
	if (strncmp(right, "tenants/", 8) == 0 || strncmp(right, "probe/", 6) == 0) return false;
	for (int level = 0; level < 2; level++) {
		const size_t length = span(right, LOWER | UPPER | DIGITS | DOT_COLON | HYPHEN);
		if (length < 1 || length > 64 || right[length] != '/') return false;
		right += length + 1;
	}
	return strcmp(right, "#") == 0;
}

static bool is_right(const char *right) {
	const size_t kind = strncmp(right, "read:", 5) == 0 ? 5 : strncmp(right, "write:", 6) == 0 ? 6 : 0;
	return kind > 0 && filter_is_valid(right + kind);
}

/* The next word of a line, ended; `rest` moves behind it. NULL: none. */
static char *word(char **rest) {
	char *found = *rest;
	if (!found) return NULL;
	char *space = strchr(found, ' ');
	if (space) *space = '\0';
	*rest = space ? space + 1 : NULL;
	return found;
}

/* NULL: a good line. */
static const char *parse_line(char *line, struct account *account) {
	for (const char *c = line; *c; c++) {
		if (*c < ' ' || *c > '~') return "has a character that is not printable ASCII";
	}
	char *rest = line;
	account->name = word(&rest);
	account->hash = word(&rest);
	account->rights = rest;
	const bool device = is_device(account->name);
	if (!device && !is_service(account->name)) return "does not begin with a user name";
	if (!account->hash || !is_hash(account->hash)) return "has no hash in Mosquitto's $7$ format";
	for (const char *right; (right = word(&rest)) != NULL; account->right_count++) {
		if (!(device ? is_former(right) : is_right(right))) return "gives a right that no such account has";
	}
	return NULL;
}

static size_t tenant_length(const char *name) {
	return strcspn(name, ".");
}

/* Accounts are sorted, so those of a tenant stand together. */
static void find_tenants(struct registry *registry) {
	struct tenant *last = NULL;
	for (size_t i = 0; i < registry->count; i++) {
		struct account *account = &registry->accounts[i];
		if (!is_device(account->name)) continue;
		const size_t length = tenant_length(account->name);
		if (!last || last->name_length != length || memcmp(last->name, account->name, length) != 0) {
			last = &registry->tenants[registry->tenant_count++];
			last->name = account->name;
			last->name_length = length;
			last->first = i;
		}
		last->account_count++;
		account->tenant = last;
	}
}

/* Lists ingest's accounts and gives each a place for its backlog. A list and not a range of accounts: the devices of a tenant
 * named "svc-ingest-1" sort between them, and every message walks it. false: no memory. */
static bool find_ingest(struct registry *registry) {
	struct account **end = &registry->ingest;
	for (size_t i = 0; i < registry->count; i++) {
		struct account *account = &registry->accounts[i];
		if (!is_ingest(account->name)) continue;
		account->backlog = calloc(1, sizeof *account->backlog);
		if (!account->backlog) return false;
		*end = account;
		end = &account->next_ingest;
	}
	return true;
}

static const char *parse_lines(struct registry *registry, char *text, size_t *number) {
	bool ingest = false;
	for (*number = 1; *text; ++*number) {
		char *end = strchr(text, '\n');
		if (!end) return "does not end: the file is cut off";
		*end = '\0';
		if (*number == 1) {
			if (strcmp(text, header) != 0) return "is not the registry's first line";
		} else {
			struct account *account = &registry->accounts[registry->count];
			const char *problem = parse_line(text, account);
			if (problem) return problem;
			if (registry->count > 0 && strcmp(account[-1].name, account->name) >= 0) return "is not in order, or is there twice";
			ingest |= is_ingest(account->name);
			registry->count++;
		}
		text = end + 1;
	}
	/* Without it everything that waits for ingest would be dropped. */
	if (!ingest) return "is missing: there is no account for ingest";
	return find_ingest(registry) ? NULL : "finds no memory";
}

struct registry *registry_parse(char *text, size_t length, char problem[256]) {
	struct registry *registry = calloc(1, sizeof *registry);
	size_t lines = 1, number = 0;
	for (size_t i = 0; i < length; i++) lines += text[i] == '\n';
	if (registry) {
		registry->text = text;
		registry->accounts = calloc(lines, sizeof *registry->accounts);
		registry->tenants = calloc(lines, sizeof *registry->tenants);
	}
	if (!registry || !registry->accounts || !registry->tenants) {
		snprintf(problem, 256, "no memory for %zu lines", lines);
		if (!registry) free(text);
		registry_free(registry);
		return NULL;
	}
	const char *found = memchr(text, '\0', length) ? "or a later one has a NUL" : parse_lines(registry, text, &number);
	if (found) {
		/* Never the line itself: it has a hash. */
		snprintf(problem, 256, "line %zu %s", number, found);
		registry_free(registry);
		return NULL;
	}
	find_tenants(registry);
	return registry;
}

static int by_name(const void *name, const void *account) {
	return strcmp(name, ((const struct account *)account)->name);
}

struct account *registry_find(const struct registry *registry, const char *name) {
	if (!registry || !name) return NULL;
	return bsearch(name, registry->accounts, registry->count, sizeof *registry->accounts, by_name);
}

/* By name with the "." behind it, which is the order in which sorted user names bring them. */
static int by_tenant(const void *one, const void *other) {
	const struct tenant *a = one, *b = other;
	const size_t shorter = a->name_length < b->name_length ? a->name_length : b->name_length;
	return memcmp(a->name, b->name, shorter + 1);
}

struct tenant *registry_find_tenant(const struct registry *registry, const char *name) {
	if (!name) return NULL;
	const struct tenant wanted = {.name = name, .name_length = tenant_length(name)};
	if (name[wanted.name_length] != '.') return NULL;
	return bsearch(&wanted, registry->tenants, registry->tenant_count, sizeof wanted, by_tenant);
}

void registry_take_over(struct registry *to, const struct registry *from) {
	size_t old = 0;
	for (size_t i = 0; i < to->count; i++) {
		struct account *account = &to->accounts[i];
		while (old < from->count && strcmp(from->accounts[old].name, account->name) < 0) old++;
		const struct account *before = old < from->count ? &from->accounts[old] : NULL;
		if (!before || strcmp(before->name, account->name) != 0) {
			account->fresh = true;
			continue;
		}
		if (before->client) connection_began(account, before->client);
		account->ended = before->ended;
		if (account->backlog && before->backlog) *account->backlog = *before->backlog;
		account->keep_alive = before->keep_alive;
		account->seen_ms = before->seen_ms;
		account->banned_until_ms = before->banned_until_ms;
		account->refused_ms = before->refused_ms;
		account->refused = before->refused;
		account->heard = before->heard;
		account->fresh = before->fresh;
		account->forgetting = before->forgetting;
	}
	for (size_t i = 0; i < to->tenant_count; i++) {
		struct tenant *tenant = &to->tenants[i];
		const struct tenant *before = registry_find_tenant(from, tenant->name);
		if (!before) continue;
		memcpy(tenant->counts, before->counts, sizeof tenant->counts);
		tenant->since_ms = before->since_ms;
		tenant->told = before->told;
		tenant->tokens = before->tokens;
		tenant->filled_ms = before->filled_ms;
	}
}

void registry_free(struct registry *registry) {
	if (!registry) return;
	for (struct account *ingest = registry->ingest; ingest; ingest = ingest->next_ingest) free(ingest->backlog);
	free(registry->text);
	free(registry->accounts);
	free(registry->tenants);
	free(registry);
}
