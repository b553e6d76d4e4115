/* What waits in the sessions of ingest, so that a full queue can refuse: beyond its bounds the broker acknowledges and drops.
 *
 * The broker asks whether ingest may read a message when it puts it into ingest's queue, and once for each that waits when ingest
 * connects. So the count begins again with each connection and is exact then. While ingest is connected it tells how many messages of
 * the connection it is done with. When the broker starts, the count is that of the state file it starts from. Pure. */
#include "gate.h"

#include <stdlib.h>
#include <string.h>

void backlog_begin(struct backlog *backlog, int64_t now_ms) {
	*backlog = (struct backlog){.progress_ms = now_ms};
}

void backlog_add(struct backlog *backlog, uint32_t payload) {
	backlog->messages++;
	backlog->bytes += payload;
}

/* A whole number of at most 15 digits, and `end` behind it. */
static bool read_number(const char **text, const char *end, uint64_t *number) {
	const char *start = *text;
	*number = 0;
	for (; *text < end && **text >= '0' && **text <= '9' && *text - start < 15; ++*text) {
		*number = *number * 10 + (uint64_t)(**text - '0');
	}
	return *text > start;
}

bool backlog_done(struct backlog *backlog, const char *text, size_t length, int64_t now_ms) {
	const char *end = text + length;
	uint64_t messages, bytes;
	if (!text || !read_number(&text, end, &messages) || text == end || *text++ != ' ') return false;
	if (!read_number(&text, end, &bytes) || text != end) return false;
	if (messages > backlog->messages || bytes > backlog->bytes || messages < backlog->done_messages || bytes < backlog->done_bytes) return false;
	if (messages > backlog->done_messages) backlog->progress_ms = now_ms;
	backlog->done_messages = messages;
	backlog->done_bytes = bytes;
	return true;
}

/* More than `eighths` eighths of what a session may hold, less a 64th of it. A bound of 0: none. */
static bool is_beyond(const struct backlog *backlog, const struct bounds *most, uint64_t eighths) {
	const uint64_t messages = most->messages - most->messages / 64, bytes = most->bytes - most->bytes / 64;
	return (messages > 0 && backlog->messages - backlog->done_messages >= messages * eighths / 8) ||
	       (bytes > 0 && backlog->bytes - backlog->done_bytes >= bytes * eighths / 8);
}

bool backlog_is_full(const struct backlog *backlog, const struct bounds *most) {
	return backlog->unknown || is_beyond(backlog, most, 8);
}

bool backlog_is_doubtful(struct backlog *backlog, const struct bounds *most, int64_t now_ms) {
	if (now_ms >= backlog->progress_ms && now_ms - backlog->progress_ms < DOUBT_MS) return false;
	/* Again only after as long. */
	backlog->progress_ms = now_ms;
	return is_beyond(backlog, most, 7);
}

/* ---- the broker's state file: persist.h of Mosquitto 2.0 and 2.1, which write the same version ---- */

enum {
	HEADER = 23, /* magic of 15 bytes, a checksum that is not used, the version */
	STATE_VERSION = 6,
	CHUNK = 8, /* kind and length, both big-endian like all lengths */
	STORED = 2, STORED_ID = 0, STORED_PAYLOAD = 16, STORED_SIZE = 32,
	WAITING = 3, WAITING_ID = 0, WAITING_NAME_LENGTH = 10, WAITING_DIRECTION = 15, WAITING_SIZE = 16,
	TO_CLIENT = 1,
	LONGEST_NAME = 127,
};

static const char magic[] = "\0\xb5\0mosquitto db";

struct stored {
	uint64_t id;
	uint32_t payload;
};

static uint32_t big_endian(const unsigned char *bytes, size_t count) {
	uint32_t value = 0;
	for (size_t i = 0; i < count; i++) value = value << 8 | bytes[i];
	return value;
}

static uint64_t id_of(const unsigned char *bytes) {
	uint64_t id;
	memcpy(&id, bytes, sizeof id);
	return id;
}

static int by_id(const void *one, const void *other) {
	const uint64_t a = ((const struct stored *)one)->id, b = ((const struct stored *)other)->id;
	return (a > b) - (a < b);
}

/* The chunk at `at`, and the next one's place; NULL at the end, or where the file is cut off. */
static const unsigned char *next_chunk(const unsigned char *state, size_t length, size_t *at, uint32_t *kind, uint32_t *size) {
	if (length - *at < CHUNK) return NULL;
	const unsigned char *chunk = state + *at;
	*kind = big_endian(chunk, 4);
	*size = big_endian(chunk + 4, 4);
	if (*size > length - *at - CHUNK) return NULL;
	*at += CHUNK + *size;
	return chunk + CHUNK;
}

/* Adds a message that waits to the count of the account whose session it is in. */
static void add_waiting(const unsigned char *chunk, uint32_t size, struct registry *registry, const struct stored *stored, size_t count) {
	if (size < WAITING_SIZE || chunk[WAITING_DIRECTION] != TO_CLIENT) return;
	const uint32_t name_length = big_endian(chunk + WAITING_NAME_LENGTH, 2);
	char name[LONGEST_NAME + 1] = "";
	if (name_length > LONGEST_NAME || name_length > size - WAITING_SIZE) return;
	memcpy(name, chunk + WAITING_SIZE, name_length);
	struct account *account = registry_find(registry, name);
	if (!account || !account->backlog) return;
	const struct stored wanted = {.id = id_of(chunk + WAITING_ID)};
	const struct stored *found = count > 0 ? bsearch(&wanted, stored, count, sizeof wanted, by_id) : NULL;
	backlog_add(account->backlog, found ? found->payload : 0);
}

bool backlogs_of_state(struct registry *registry, const unsigned char *state, size_t length) {
	if (length < HEADER || memcmp(state, magic, sizeof magic - 1) != 0 || big_endian(state + HEADER - 4, 4) != STATE_VERSION) return false;
	uint32_t kind, size;
	size_t at = HEADER, count = 0;
	for (const unsigned char *chunk; (chunk = next_chunk(state, length, &at, &kind, &size)) != NULL;) count += kind == STORED;
	if (at != length) return false;
	struct stored *stored = calloc(count + 1, sizeof *stored);
	if (!stored) return false;
	count = 0;
	at = HEADER;
	for (const unsigned char *chunk; (chunk = next_chunk(state, length, &at, &kind, &size)) != NULL;) {
		if (kind != STORED || size < STORED_SIZE) continue;
		stored[count].id = id_of(chunk + STORED_ID);
		stored[count++].payload = big_endian(chunk + STORED_PAYLOAD, 4);
	}
	qsort(stored, count, sizeof *stored, by_id);
	at = HEADER;
	for (const unsigned char *chunk; (chunk = next_chunk(state, length, &at, &kind, &size)) != NULL;) {
		if (kind == WAITING) add_waiting(chunk, size, registry, stored, count);
	}
	free(stored);
	return true;
}
