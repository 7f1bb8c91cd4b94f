// Runs a fuzz target over the files and folders named on the command line, so that a corpus is
// replayed as an ordinary test by a build without libFuzzer. Prints TAP: one line a target.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned replayed;

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        printf("Bail out! cannot open %s\n", path);
        return -1;
    }
    size_t cap = 1 << 22;
    uint8_t *data = malloc(cap);
    if (!data)
        abort();
    size_t len = fread(data, 1, cap, file);
    fclose(file);
    // An exact allocation, so that a sanitizer sees a read past the end.
    uint8_t *exact = malloc(len ? len : 1);
    if (!exact)
        abort();
    memcpy(exact, data, len);
    free(data);
    LLVMFuzzerTestOneInput(exact, len);
    free(exact);
    replayed++;
    return 0;
}

static int replay_path(const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0) {
        printf("Bail out! no corpus at %s\n", path);
        return -1;
    }
    if (!S_ISDIR(st.st_mode))
        return replay_file(path);
    DIR *dir = opendir(path);
    if (!dir)
        return -1;
    int result = 0;
    for (struct dirent *entry; result == 0 && (entry = readdir(dir));) {
        char child[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
        result = replay_path(child);
    }
    closedir(dir);
    return result;
}

int main(int argc, char **argv)
{
    printf("1..1\n");
    fflush(stdout);
    for (int i = 1; i < argc; i++)
        if (replay_path(argv[i]) < 0)
            return 1;
    // An empty corpus would make a test that cannot fail.
    printf("%s 1 - replayed %u inputs\n", replayed ? "ok" : "not ok", replayed);
    return replayed ? 0 : 1;
}
