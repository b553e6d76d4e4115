/* Feeds the gate's pure parts with damaged input, under AddressSanitizer and UndefinedBehaviorSanitizer: fuzz.ts builds and runs it.
 *
 *   fuzz SEED EXECUTIONS
 *
 * Each execution changes a good registry file, user name, topic, filter or stamp at random and asks every part about it. What must
 * hold whatever comes is checked here; what must not happen the sanitizers see. Prints how many inputs were taken. */
#include "../gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH "$7$101$AAAAAAAAAAAAAAAA$OEijZt+U5zJHiF4Hp1eKCTAkfeM2fQVW2CSBxW0icIynu9nv/Dnz2kM1egVeBQNKp7MUKj9sYesrQMtNY0PbBg=="

static const char good[] =
	"# Generated from the registry; changes made here are overwritten.\n"
	"a-b.c " HASH "\n"
	"acme.pump-1 " HASH " write:devices/AA:bb_1.2-3/# write:sensors/1/#\n"
	"acme.pump-2 " HASH "\n"
	"svc-control " HASH " write:tenants/+/devices/+/commands/# write:tenants/+/devices/+/desired\n"
	"svc-ingest " HASH " read:tenants/+/devices/+/telemetry/# read:$SYS/broker/gate/#\n"
	"svc-probe " HASH " read:probe/# write:probe/#\n";

static const char *const pieces[] = {
	"acme", ".", "/", "+", "#", "$share/g/", "tenants/", "devices/", "telemetry", "commands", "svc-ingest", "\n", " ", "write:", "read:",
	HASH, "$7$", "pump-1", "acme.pump-1", "tenants/acme/devices/pump-1/", "\x01", "\xff", "-", "$SYS/", "svc-ingest-2",
};
enum { PIECES = sizeof pieces / sizeof *pieces, ROOM = 4096 };

static uint64_t state;

static uint64_t next(void) {
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static size_t below(size_t bound) {
	return (size_t)(next() % bound);
}

static size_t change(char *text, size_t length) {
	const size_t at = below(length + 1);
	switch (below(5)) {
	case 0: /* a byte */
		if (length > 0) text[below(length)] = (char)next();
		return length;
	case 1: { /* less */
		const size_t gone = below(length - at + 1);
		memmove(text + at, text + at + gone, length - at - gone);
		return length - gone;
	}
	case 2: /* a part twice */
	case 3: { /* a piece more */
		const bool twice = below(2) && length > 0;
		const size_t from = twice ? below(length) : 0;
		const char *piece = pieces[below(PIECES)];
		const size_t more = twice ? below(length - from) % 200 : strlen(piece);
		char copy[256];
		if (length + more >= ROOM || more > sizeof copy) return length;
		memcpy(copy, twice ? text + from : piece, more);
		memmove(text + at + more, text + at, length - at);
		memcpy(text + at, copy, more);
		return length + more;
	}
	default: { /* a piece in place of what is there */
		const char *piece = pieces[below(PIECES)];
		const size_t size = strlen(piece);
		if (at + size <= length) memcpy(text + at, piece, size);
		return length;
	}
	}
}

static void must(bool holds, const char *what) {
	if (holds) return;
	fprintf(stderr, "fuzz: %s\n", what);
	abort();
}

/* A word of up to `size` - 1 characters: pieces one behind the other, then changed. */
static void word(char *out, size_t size) {
	char text[ROOM] = "";
	size_t length = 0;
	for (size_t count = below(6); count > 0; count--) {
		const char *piece = pieces[below(PIECES)];
		if (length + strlen(piece) + 1 < size) length += (size_t)snprintf(text + length, ROOM - length, "%s", piece);
	}
	for (size_t count = below(3); count > 0; count--) length = change(text, length);
	if (length >= size) length = size - 1;
	memcpy(out, text, length);
	out[length] = '\0';
}

static void ask_about(struct account *account) {
	char topic[300], filter[300], note[LONGEST_NOTE + 2], stamp[STAMP_SIZE];
	word(topic, sizeof topic);
	word(filter, sizeof filter);
	may_read(account, topic);
	const bool writes = may_write(account, topic);
	const bool subscribes = may_subscribe(account, filter, (int)below(20));
	const char *rest = own_rest(account->name, topic);
	if (account->tenant && subscribes) {
		const char *own = own_rest(account->name, filter);
		must(own && strncmp(own, "commands", 8) == 0, "a device subscribed beyond its commands");
	}
	if (account->tenant && writes && !rest) {
		must(strncmp(topic, "tenants/", 8) != 0, "a device wrote to another's topic");
	}
	if (rest && *rest && !is_channel(rest)) {
		note_of_channel(rest, note);
		must(strlen(note) <= LONGEST_NOTE + 1 && !strpbrk(note, ".\t\n "), "a note that a stamp cannot hold");
		must(strlen(topic) >= (size_t)(rest - topic) + 1, "no room for the other topic");
	} else note[0] = '\0';
	struct stamper stamper = {.has_key = true, .boot = "01234567", .counter = next()};
	if (stamp_next(&stamper, topic, (int64_t)(next() >> 16), note, stamp)) must(strlen(stamp) < STAMP_SIZE, "a stamp that is too long");
	if (filter_is_valid(filter) && topic_matches(filter, topic)) must(filter_covers("#", topic) || *topic == '$', "# covers all");
	unsigned char key[16];
	stamp_key(topic, key);
	if (account->tenant) rate_allows(account->tenant, (unsigned)below(50), (int64_t)(next() >> 20));
	is_silent(account, (int64_t)(next() >> 20));
}

static size_t put(unsigned char *saved, size_t at, size_t bytes, uint64_t value) {
	for (size_t i = 0; i < bytes; i++) saved[at + i] = (unsigned char)(value >> (8 * (bytes - 1 - i)));
	return at + bytes;
}

/* A state as the broker saves it: messages, and sessions in which they wait. */
static size_t make_state(unsigned char *saved) {
	static const char *const names[] = {"svc-ingest", "svc-ingest-2", "svc-control", "acme.pump-1"};
	memcpy(saved, "\0\xb5\0mosquitto db\0\0\0\0\0\0\0\6", 23);
	size_t at = 23;
	for (uint64_t id = below(8); id > 0; id--) {
		at = put(saved, put(saved, at, 4, 2), 4, 32);
		memset(saved + at, 0, 32);
		memcpy(saved + at, &id, sizeof id);
		put(saved, at + 16, 4, next() & 0xffffffff);
		at += 32;
	}
	for (size_t waiting = below(8); waiting > 0; waiting--) {
		const char *name = names[below(4)];
		const uint64_t id = below(8);
		at = put(saved, put(saved, at, 4, 3), 4, 16 + strlen(name));
		memset(saved + at, 0, 16);
		memcpy(saved + at, &id, sizeof id);
		put(saved, at + 10, 2, strlen(name));
		saved[at + 15] = (unsigned char)below(2);
		memcpy(saved + at + 16, name, strlen(name));
		at += 16 + strlen(name);
	}
	return at;
}

static void count_waiting(struct registry *registry) {
	char text[ROOM];
	size_t length = make_state((unsigned char *)text);
	const bool damaged = below(2);
	for (size_t changes = damaged ? 1 + below(3) : 0; changes > 0; changes--) length = change(text, length);
	/* Of just that size, so that a sanitizer sees what lies beyond. */
	unsigned char *saved = malloc(length > 0 ? length : 1);
	memcpy(saved, text, length);
	const bool known = backlogs_of_state(registry, saved, length);
	must(known || damaged, "a good state is not known");
	free(saved);
	const struct bounds most = {.messages = below(10), .bytes = next() >> below(64)};
	for (struct account *ingest = registry->ingest; ingest; ingest = ingest->next_ingest) {
		struct backlog *backlog = ingest->backlog;
		must(strncmp(ingest->name, "svc-ingest", 10) == 0 && !ingest->tenant, "an account that is not ingest's");
		for (int n = 0; n < 4; n++) {
			char told[64];
			word(told, sizeof told);
			if (below(2)) snprintf(told, sizeof told, "%zu %llu", below(12), (unsigned long long)(next() >> below(64)));
			backlog_done(backlog, told, below(2) ? strlen(told) : below(strlen(told) + 1), (int64_t)(next() >> 20));
			must(backlog->done_messages <= backlog->messages && backlog->done_bytes <= backlog->bytes, "done with more than came");
			backlog_is_doubtful(backlog, &most, (int64_t)(next() >> 20));
			must(!backlog_is_full(backlog, &most) || most.messages > 0 || most.bytes > 0, "full without a bound");
			backlog_add(backlog, (uint32_t)next());
		}
		if (below(4) == 0) backlog_begin(backlog, 1);
	}
}

int main(int count, char *arguments[]) {
	state = count > 1 ? strtoull(arguments[1], NULL, 10) * 0x9e3779b97f4a7c15u | 1 : 1;
	const unsigned long long executions = count > 2 ? strtoull(arguments[2], NULL, 10) : 100000;
	unsigned long long taken = 0;
	struct registry *before = NULL;
	for (unsigned long long i = 0; i < executions; i++) {
		size_t length = sizeof good - 1;
		char *text = calloc(1, ROOM + 1);
		memcpy(text, good, length);
		for (size_t changes = below(4); changes > 0; changes--) length = change(text, length);
		text[length] = '\0';
		char problem[256] = "";
		struct registry *registry = registry_parse(text, length, problem);
		if (!registry) {
			must(problem[0] && !strstr(problem, "OEijZt"), "a refusal without a reason, or with a hash");
			continue;
		}
		taken++;
		if (before) registry_take_over(registry, before);
		registry_free(before);
		before = registry;
		for (size_t n = 0; n < registry->count; n++) {
			const struct account *account = &registry->accounts[n];
			must(registry_find(registry, account->name) == account, "an account is not found");
			must(registry_find_tenant(registry, account->name) == account->tenant, "a tenant is not found");
			must(!account->tenant || n - account->tenant->first < account->tenant->account_count, "an account that is not its tenant's");
		}
		count_waiting(registry);
		for (int n = 0; n < 4; n++) ask_about(&registry->accounts[below(registry->count)]);
		char name[200];
		word(name, sizeof name);
		registry_find(registry, name);
		const struct tenant *tenant = registry_find_tenant(registry, name);
		must(!tenant || (strncmp(tenant->name, name, tenant->name_length + 1) == 0), "a tenant of another name");
	}
	registry_free(before);
	printf("%llu executions, %llu registries taken\n", executions, taken);
	return 0;
}
