/* Lazy mixing at the bandwidth of memory: each position sums over its whole past. Inputs and filter lie in groups of
 * channels whose sums fit the registers, [group][time][64], the filter reversed: what is left to do is to read two
 * ascending streams. Measured at positions across the range, each the middle of an equal stretch that it stands for.
 * On large pages where the system has them, or, asked for "small" ones, on pages of 4 KiB. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { STRETCHES = 64, REPEATS = 3, LANES = 64 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

static int advice = MADV_HUGEPAGE;

static float *floats(size_t count) {
  const size_t page = 1 << 21, bytes = (4 * count + page - 1) / page * page;
  void *data = aligned_alloc(page, bytes);
  if (!data) exit(1);
  madvise(data, bytes, advice);
  return memset(data, 0, bytes);
}

static void transfer(const char *directory, const char *name, const char *mode, float *values, size_t count) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  FILE *file = fopen(path, mode);
  size_t done = !file ? 0 : *mode == 'r' ? fread(values, 4, count, file) : fwrite(values, 4, count, file);
  if (done != count || fclose(file)) {
    fprintf(stderr, "cannot read or write %s\n", path);
    exit(1);
  }
}

/* sums[k] = sum over i < count of y[i][k] * taps[i][k] */
static void sumGroup(const float *restrict y, const float *restrict taps, size_t count, float *restrict sums) {
  float sum[LANES] = {0};
  for (size_t i = 0; i < count; i++)
    for (size_t k = 0; k < LANES; k++) sum[k] += y[i * LANES + k] * taps[i * LANES + k];
  memcpy(sums, sum, sizeof sum);
}

/* Arguments: small or large, directory, width, length. */
int main(int argc, char **argv) {
  if (argc < 5) return 2;
  const int small = strcmp(argv[1], "small") == 0;
  if (small) advice = MADV_NOHUGEPAGE;
  argv++;
  const char *directory = argv[1];
  const size_t width = strtoul(argv[2], NULL, 10), length = strtoul(argv[3], NULL, 10), size = width * length;
  const size_t groups = (width + LANES - 1) / LANES, stride = LANES * length;
  float *y = floats(groups * stride), *reversed = floats(groups * stride), *rows = floats(size), *sums = floats(groups * LANES);
  transfer(directory, "inputs.f32", "rb", rows, size);
  for (size_t t = 0; t < length; t++)
    for (size_t c = 0; c < width; c++) y[c / LANES * stride + t * LANES + c % LANES] = rows[t * width + c];
  transfer(directory, "filter.f32", "rb", rows, size);
  for (size_t t = 0; t < length; t++)
    for (size_t c = 0; c < width; c++) reversed[c / LANES * stride + (length - 1 - t) * LANES + c % LANES] = rows[t * width + c];
  memset(rows, 0, 4 * size);

  double seconds = 0;
  printf("{\"positions\": [");
  for (size_t k = 0; k < STRETCHES; k++) {
    const size_t t = (2 * k + 1) * length / (2 * STRETCHES);
    double fastest = 1e300;
    for (int repeat = 0; repeat < REPEATS; repeat++) {
      const double begin = now();
      for (size_t g = 0; g < groups; g++)
        sumGroup(y + g * stride, reversed + g * stride + (length - 1 - t) * LANES, t, sums + g * LANES);
      const double took = now() - begin;
      if (took < fastest) fastest = took;
    }
    memcpy(rows + t * width, sums, 4 * width);
    seconds += fastest * length / STRETCHES;
    printf("%s%zu", k ? ", " : "", t);
  }
  printf("], \"seconds\": %.6f, \"estimated\": true}\n", seconds);
  transfer(directory, small ? "lazy-small.f32" : "lazy.f32", "wb", rows, size);
  return 0;
}
