/* Files: read or mapped whole, noticed when they change, replaced in one step. */
#include "files.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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

const unsigned char *map_whole(const char *path, size_t *length) {
	struct stat status;
	void *bytes = MAP_FAILED;
	const int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file >= 0 && fstat(file, &status) == 0 && status.st_size > 0) {
		*length = (size_t)status.st_size;
		bytes = mmap(NULL, *length, PROT_READ, MAP_PRIVATE, file, 0);
	}
	if (file >= 0) close(file);
	return bytes == MAP_FAILED ? NULL : bytes;
}

void unmap(const unsigned char *bytes, size_t length) {
	munmap((void *)(uintptr_t)bytes, length);
}

bool exists(const char *path) {
	struct stat status;
	return stat(path, &status) == 0;
}

bool replace_file(const char *path, const char *text) {
	char beside[4096];
	const int length = snprintf(beside, sizeof beside, "%s.new", path);
	FILE *file = length > 0 && (size_t)length < sizeof beside ? fopen(beside, "we") : NULL;
	if (!file) return false;
	bool good = fputs(text, file) >= 0 && fchmod(fileno(file), 0644) == 0;
	good &= fclose(file) == 0;
	return good && rename(beside, path) == 0;
}
