// What the peers in C++ share: the task's files, a clock, and rows of channels kept in groups of 16.
#pragma once
#include <fftw3.h>
#include <immintrin.h>
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// Channels side by side in memory: one cache line.
constexpr size_t GROUP = 16;

struct Task {
  std::string directory;
  size_t width;   // D, a multiple of GROUP
  size_t length;  // L, a power of two
  std::vector<float> filter, inputs;  // [time, channel]
};

inline std::vector<float> readFloats(const std::string& path, size_t count) {
  std::vector<float> values(count);
  FILE* file = fopen(path.c_str(), "rb");
  if (!file || fread(values.data(), 4, count, file) != count) {
    fprintf(stderr, "cannot read %zu floats of %s\n", count, path.c_str());
    exit(1);
  }
  fclose(file);
  return values;
}

/// Arguments: directory, width, length.
inline Task readTask(char** argv) {
  Task task{argv[1], strtoul(argv[2], nullptr, 10), strtoul(argv[3], nullptr, 10), {}, {}};
  const size_t count = task.width * task.length;
  if (task.width % GROUP || (task.length & (task.length - 1))) {
    fprintf(stderr, "the width must be a multiple of %zu, the length a power of two\n", GROUP);
    exit(1);
  }
  task.filter = readFloats(task.directory + "/filter.f32", count);
  task.inputs = readFloats(task.directory + "/inputs.f32", count);
  return task;
}

inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Zeroed floats, aligned for any vector, on large pages where the system has them.
struct Floats {
  float* data;
  explicit Floats(size_t count) {
    const size_t page = size_t{1} << 21;
    const size_t bytes = 4 * count >= page ? (4 * count + page - 1) / page * page : (4 * count + 63) / 64 * 64;
    data = static_cast<float*>(aligned_alloc(bytes >= page ? page : 64, std::max<size_t>(bytes, 64)));
    if (!data) abort();
    if (bytes >= page) madvise(data, bytes, MADV_HUGEPAGE);
    memset(data, 0, bytes);
  }
  Floats(const Floats&) = delete;
  ~Floats() { free(data); }
};

/// Time series one after the other, each longer than `length` by so much that equal times of neighbours fall into
/// different cache sets.
inline size_t seriesStride(size_t length) { return length + 48; }

/// Rows `[time][16]` to series `[channel][time]`, 16 channels and `count` positions, a multiple of 4.
inline void rowsToSeries(const float* rows, float* series, size_t stride, size_t count) {
  for (size_t c = 0; c < GROUP; c += 4) {
    for (size_t t = 0; t < count; t += 4) {
      const float* from = rows + t * GROUP + c;
      float* to = series + c * stride + t;
      __m128 a = _mm_load_ps(from), b = _mm_load_ps(from + GROUP), d = _mm_load_ps(from + 2 * GROUP),
             e = _mm_load_ps(from + 3 * GROUP);
      _MM_TRANSPOSE4_PS(a, b, d, e);
      _mm_store_ps(to, a), _mm_store_ps(to + stride, b), _mm_store_ps(to + 2 * stride, d),
          _mm_store_ps(to + 3 * stride, e);
    }
  }
}

/// And back.
inline void seriesToRows(const float* series, size_t stride, float* rows, size_t count) {
  for (size_t c = 0; c < GROUP; c += 4) {
    for (size_t t = 0; t < count; t += 4) {
      const float* from = series + c * stride + t;
      float* to = rows + t * GROUP + c;
      __m128 a = _mm_load_ps(from), b = _mm_load_ps(from + stride), d = _mm_load_ps(from + 2 * stride),
             e = _mm_load_ps(from + 3 * stride);
      _MM_TRANSPOSE4_PS(a, b, d, e);
      _mm_store_ps(to, a), _mm_store_ps(to + GROUP, b), _mm_store_ps(to + 2 * GROUP, d),
          _mm_store_ps(to + 3 * GROUP, e);
    }
  }
}

/// sum = a * b, or sum += a * b, of complex numbers, real and imaginary parts in turn. All aligned, padded to a
/// multiple of 4 numbers.
template <bool ADD>
inline void multiply(const float* a, const float* b, float* sum, size_t count) {
#if defined(__AVX2__) && defined(__FMA__)
  for (size_t i = 0; i < 2 * count; i += 8) {
    const __m256 x = _mm256_load_ps(a + i), y = _mm256_load_ps(b + i);
    const __m256 cross = _mm256_mul_ps(_mm256_movehdup_ps(x), _mm256_permute_ps(y, 0xb1));
    __m256 product = _mm256_fmaddsub_ps(_mm256_moveldup_ps(x), y, cross);
    if (ADD) product = _mm256_add_ps(product, _mm256_load_ps(sum + i));
    _mm256_store_ps(sum + i, product);
  }
#else
  for (size_t i = 0; i < 2 * count; i += 2) {
    const float re = a[i] * b[i] - a[i + 1] * b[i + 1], im = a[i] * b[i + 1] + a[i + 1] * b[i];
    sum[i] = ADD ? sum[i] + re : re;
    sum[i + 1] = ADD ? sum[i + 1] + im : im;
  }
#endif
}

/// Floats that the spectrum of 2 * side real numbers takes, padded for `multiply`.
inline size_t spectrumFloats(size_t side) { return 2 * side + 8; }

/// Real transforms of 2 * side numbers, out of place, forward and (unscaled) back. Plans are measured once, and kept in a file.
class Transform {
 public:
  Transform(size_t side, const Task& task) : side(side) {
    const std::string wisdom = task.directory + "/fftw.wisdom";
    fftwf_import_wisdom_from_filename(wisdom.c_str());
    Floats times(2 * side), spectrum(spectrumFloats(side));
    auto* bins = reinterpret_cast<fftwf_complex*>(spectrum.data);
    const int n = static_cast<int>(2 * side);
    forward_ = fftwf_plan_dft_r2c_1d(n, times.data, bins, FFTW_PATIENT);
    back_ = fftwf_plan_dft_c2r_1d(n, bins, times.data, FFTW_PATIENT);
    fftwf_export_wisdom_to_filename(wisdom.c_str());
  }
  Transform(const Transform&) = delete;
  ~Transform() { fftwf_destroy_plan(forward_), fftwf_destroy_plan(back_); }

  void forward(const float* times, float* spectrum) const {
    fftwf_execute_dft_r2c(forward_, const_cast<float*>(times), reinterpret_cast<fftwf_complex*>(spectrum));
  }
  /// Destroys the spectrum.
  void back(float* spectrum, float* times) const {
    fftwf_execute_dft_c2r(back_, reinterpret_cast<fftwf_complex*>(spectrum), times);
  }

  const size_t side;

 private:
  fftwf_plan forward_, back_;
};

/// Sums over the strict past, position by position.
struct Mixer {
  virtual ~Mixer() = default;
  virtual void pending(float* out) = 0;
  virtual void push(const float* y) = 0;
};

using Settings = std::vector<size_t>;
using MakeMixer = std::function<Mixer*(const Task&, const Settings&)>;

/// Seconds that all positions take; the sums go to `out`, `[time, channel]`.
inline double timeRun(Mixer& mixer, const Task& task, std::vector<float>& out) {
  const double begin = now();
  for (size_t t = 0; t < task.length; t++) {
    mixer.pending(&out[t * task.width]);
    mixer.push(&task.inputs[t * task.width]);
  }
  return now() - begin;
}

/// Takes the settings kept from an earlier run, or tries all and keeps the fastest; then runs, and reports.
inline void runPeer(const Task& task, const std::string& name, const MakeMixer& make,
                    const std::function<std::string(const Settings&)>& describe, const std::vector<Settings>& candidates) {
  std::vector<float> out(task.width * task.length);
  const auto attempt = [&](const Settings& settings) {
    std::unique_ptr<Mixer> mixer(make(task, settings));
    return timeRun(*mixer, task, out);
  };
  const std::string kept = task.directory + "/" + name + ".tuned";
  Settings best;
  if (std::ifstream file{kept}) {
    for (size_t value; file >> value;) best.push_back(value);
  } else {
    double fastest = 1e300;
    for (const auto& settings : candidates) {
      const double seconds = attempt(settings);
      if (seconds < fastest) fastest = seconds, best = settings;
    }
    std::ofstream to{kept};
    for (size_t value : best) to << value << ' ';
  }
  const double seconds = attempt(best);
  FILE* file = fopen((task.directory + "/" + name + ".f32").c_str(), "wb");
  if (!file || fwrite(out.data(), 4, out.size(), file) != out.size() || fclose(file)) {
    fprintf(stderr, "cannot write the outputs of %s\n", name.c_str());
    exit(1);
  }
  std::string settings = describe(best);
  printf("{\"seconds\": %.6f, \"settings\": \"%s\"}\n", seconds, settings.c_str());
}
