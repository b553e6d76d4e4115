/* Reads questions from standard input, one a line, and answers each on a line: what pure.test.ts compares. Words are divided by
 * tabs: "mac KEY HEX", "stamp KEY TOPIC MS BOOT COUNTER NOTE", "own USER TOPIC", "match FILTER TOPIC", "covers RIGHT FILTER",
 * "valid FILTER", "channel REST", "banned UNTIL NOW", "doubtful WAITING MOST TOLD NOW", "registry FILE". */
#include "../gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *yes(bool is) {
	return is ? "yes" : "no";
}

static void mac(char *words[]) {
	unsigned char key[16], data[1024];
	const size_t length = strlen(words[2]) / 2;
	for (size_t i = 0; i < length; i++) {
		unsigned byte = 0;
		sscanf(words[2] + 2 * i, "%2x", &byte);
		data[i] = (unsigned char)byte;
	}
	if (!stamp_key(words[1], key)) {
		puts("no key");
		return;
	}
	const uint64_t hash = siphash24(key, data, length);
	for (int i = 0; i < 8; i++) printf("%02x", (unsigned)(hash >> (8 * i)) & 0xff);
	puts("");
}

static void stamp(char *words[]) {
	struct stamper stamper = {.has_key = true, .counter = strtoull(words[5], NULL, 10) - 1};
	char out[STAMP_SIZE];
	snprintf(stamper.boot, sizeof stamper.boot, "%.8s", words[4]);
	const bool made = stamp_key(words[1], stamper.key) && stamp_next(&stamper, words[2], strtoll(words[3], NULL, 10), words[6], out);
	puts(made ? out : "none");
}

static void registry(const char *path) {
	FILE *file = fopen(path, "rb");
	char problem[256] = "cannot be read";
	char *text = calloc(1, 1 << 20);
	const size_t length = file && text ? fread(text, 1, (1 << 20) - 1, file) : 0;
	if (file) fclose(file);
	struct registry *parsed = registry_parse(text, length, problem);
	if (parsed) printf("%zu accounts of %zu tenants\n", parsed->count, parsed->tenant_count);
	else puts(problem);
	registry_free(parsed);
}

static bool banned(char *words[]) {
	const struct account account = {.banned_until_ms = strtoll(words[1], NULL, 10)};
	return is_banned(&account, strtoll(words[2], NULL, 10));
}

static bool doubtful(char *words[]) {
	struct backlog backlog = {.messages = strtoull(words[1], NULL, 10), .progress_ms = strtoll(words[3], NULL, 10)};
	const struct bounds most = {.messages = strtoull(words[2], NULL, 10)};
	return backlog_is_doubtful(&backlog, &most, strtoll(words[4], NULL, 10));
}

int main(void) {
	char line[4096];
	while (fgets(line, sizeof line, stdin)) {
		char *words[8] = {0}, *rest = line;
		line[strcspn(line, "\n")] = '\0';
		for (int i = 0; i < 8 && rest; i++) words[i] = strsep(&rest, "\t");
		const char *what = words[0];
		if (strcmp(what, "mac") == 0) mac(words);
		else if (strcmp(what, "stamp") == 0) stamp(words);
		else if (strcmp(what, "own") == 0) puts(own_rest(words[1], words[2]) ? own_rest(words[1], words[2]) : "no");
		else if (strcmp(what, "match") == 0) puts(yes(topic_matches(words[1], words[2])));
		else if (strcmp(what, "covers") == 0) puts(yes(filter_covers(words[1], words[2])));
		else if (strcmp(what, "valid") == 0) puts(yes(filter_is_valid(words[1])));
		else if (strcmp(what, "channel") == 0) puts(yes(is_channel(words[1])));
		else if (strcmp(what, "banned") == 0) puts(yes(banned(words)));
		else if (strcmp(what, "doubtful") == 0) puts(yes(doubtful(words)));
		else if (strcmp(what, "registry") == 0) registry(words[1]);
		else puts("?");
	}
	return 0;
}
