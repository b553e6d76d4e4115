/* Small files: read whole, noticed when they change, replaced in one step. */
#include "files.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

char *read_whole(const char *path, size_t most, size_t *length) {
	FILE *file = fopen(path, "rb");
	if (!file) return NULL;
	char *text = NULL;
	if (fseek(file, 0, SEEK_END) == 0) {
		const long size = ftell(file);
		if (size >= 0 && (size_t)size <= most && fseek(file, 0, SEEK_SET) == 0 && (text = malloc((size_t)size + 1)) != NULL) {
			*length = fread(text, 1, (size_t)size, file);
			text[*length] = '\0';
		}
	}
	fclose(file);
	return text;
}

bool has_changed(const char *path, struct file_state *seen) {
	struct stat now;
	if (stat(path, &now) != 0) return false;
	const struct file_state state = {
		.inode = (uint64_t)now.st_ino,
		.size = (int64_t)now.st_size,
		.seconds = (int64_t)now.st_mtime,
#ifdef __APPLE__
		.nanoseconds = now.st_mtimespec.tv_nsec,
#else
		.nanoseconds = now.st_mtim.tv_nsec,
#endif
	};
	const bool changed = state.inode != seen->inode || state.size != seen->size || state.seconds != seen->seconds ||
	                     state.nanoseconds != seen->nanoseconds;
	*seen = state;
	return changed;
}
