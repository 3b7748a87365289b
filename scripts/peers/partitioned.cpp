// Non-uniformly partitioned convolution with zero latency, as audio software has it since Gardner (1995), on FFTW.
//
// The first `head` lags are a direct FIR filter. Behind it, stage after stage, partitions of equal size: a stage of
// partitions of `side` lags covers lags side ... ratio * side, whatever its inputs; each time `side` inputs are
// complete it transforms the last 2 side of them (overlap-save), adds up the products with its partitions' spectra in
// the frequency domain, and transforms back once. With a single stage the partition is uniform.
#include "common.hpp"

namespace {

class Partitioned : public Mixer {
 public:
  /// @param ratio of the sides of neighbouring stages; 0: uniform partitions of the head's size
  Partitioned(const Task& task, size_t head, size_t ratio)
      : width(task.width),
        length(task.length),
        head(std::min(head, task.length)),
        stride(seriesStride(2 * task.length)),
        y(width * stride),
        z(width * stride),
        ring(2 * width * head),
        zBlock(width * head),
        taps(width * head),
        scratch(spectrumFloats(length)),
        sums(2 * length) {
    for (size_t lag = 0; lag < this->head; lag++)
      for (size_t c = 0; c < width; c++) *rowAt(taps.data, lag, c, this->head) = task.filter[lag * width + c];
    for (size_t side = this->head; side < length; side *= ratio) {
      const size_t end = ratio ? std::min(side * ratio, length) : length;
      stages.push_back(std::make_unique<Stage>(side, end / side - 1, task));
      prepare(*stages.back(), task);
      if (!ratio) break;
    }
  }

  void pending(float* out) override {
    const size_t t = position % head;
    for (size_t g = 0; g < width; g += GROUP) {
      // The last head - 1 inputs lie in a row: the ring is held twice. Four sums, for the latency of the additions.
      const float* past = rowAt(ring.data, t + head, g, 2 * head);
      const float* tap = rowAt(taps.data, 0, g, head);
      float sum[4][GROUP] = {};
      memcpy(sum, rowAt(zBlock.data, t, g, head), 4 * GROUP);
      size_t lag = 1;
      for (; lag + 3 < head; lag += 4)
        for (size_t k = 0; k < 4; k++)
          for (size_t c = 0; c < GROUP; c++) sum[k][c] += past[c - (lag + k) * GROUP] * tap[(lag + k) * GROUP + c];
      for (; lag < head; lag++)
        for (size_t c = 0; c < GROUP; c++) sum[0][c] += past[c - lag * GROUP] * tap[lag * GROUP + c];
      for (size_t c = 0; c < GROUP; c++) out[g + c] = sum[0][c] + sum[1][c] + (sum[2][c] + sum[3][c]);
    }
  }

  void push(const float* row) override {
    const size_t t = position++ % head;
    for (size_t g = 0; g < width; g += GROUP) {
      memcpy(rowAt(ring.data, t, g, 2 * head), row + g, 4 * GROUP);
      memcpy(rowAt(ring.data, t + head, g, 2 * head), row + g, 4 * GROUP);
    }
    if (t + 1 == head && position < length) finishBlock();
  }

 private:
  struct Stage {
    Stage(size_t side, size_t count, const Task& task)
        : transform(side, task),
          count(count),
          size(spectrumFloats(side)),
          partitions(task.width * count * size),
          inputs(task.width * count * size) {}
    Transform transform;
    size_t count, size;
    Floats partitions;  // [channel][partition][bin], scaled by 1 / (2 side)
    Floats inputs;      // [channel][block of inputs, modulo count][bin]
  };

  float* rowAt(float* rows, size_t t, size_t channel, size_t count) const {
    return rows + channel / GROUP * GROUP * count + t * GROUP + channel % GROUP;
  }

  void prepare(Stage& stage, const Task& task) {
    const size_t side = stage.transform.side;
    Floats series(2 * side);
    for (size_t c = 0; c < width; c++) {
      for (size_t q = 0; q < stage.count; q++) {
        for (size_t t = 0; t < side; t++) series.data[t] = task.filter[((q + 1) * side + t) * width + c] / (2 * side);
        stage.transform.forward(series.data, stage.partitions.data + (c * stage.count + q) * stage.size);
      }
    }
  }

  void finishBlock() {
    const size_t start = position - head;
    for (size_t g = 0; g < width; g += GROUP) {
      rowsToSeries(rowAt(ring.data, 0, g, 2 * head), y.data + g * stride + length + start, stride, head);
      for (size_t c = g; c < g + GROUP; c++)
        for (const auto& stage : stages) {
          if (position % stage->transform.side) break;
          run(*stage, c);
        }
      seriesToRows(z.data + g * stride + position, stride, rowAt(zBlock.data, 0, g, head), head);
    }
  }

  void run(Stage& stage, size_t c) {
    const size_t side = stage.transform.side;
    const size_t current = position / side - 1;
    const auto at = [&](Floats& spectra, size_t i) { return spectra.data + (c * stage.count + i) * stage.size; };
    // Before the first input there are zeros.
    stage.transform.forward(y.data + c * stride + length + position - 2 * side, at(stage.inputs, current % stage.count));
    const size_t known = std::min(current + 1, stage.count);
    for (size_t q = 0; q < known; q++) {
      const float* inputs = at(stage.inputs, (current - q) % stage.count);
      if (q == 0) multiply<false>(inputs, at(stage.partitions, q), scratch.data, side + 1);
      else multiply<true>(inputs, at(stage.partitions, q), scratch.data, side + 1);
    }
    stage.transform.back(scratch.data, sums.data);
    float* to = z.data + c * stride + position;
    for (size_t t = 0; t < side; t++) to[t] += sums.data[side + t];
  }

  const size_t width, length, head, stride;
  Floats y, z;          // [channel][time]; y's inputs begin at `length`
  Floats ring, zBlock;  // [group][time][16]
  Floats taps;          // [group][lag][16]
  Floats scratch, sums;
  std::vector<std::unique_ptr<Stage>> stages;
  size_t position = 0;
};

}  // namespace

int main(int argc, char** argv) {
  // `uniform` comes first, where it is asked for.
  const bool uniform = argc == 5 && !strcmp(argv[1], "uniform");
  if (!uniform && argc != 4) return 2;
  const std::vector<Settings> candidates =
      uniform ? std::vector<Settings>{{256, 0}, {512, 0}, {1024, 0}}
              : std::vector<Settings>{{32, 2}, {64, 2}, {32, 4}, {64, 4}, {32, 8}, {64, 8}};
  runPeer(
      readTask(argv + uniform), uniform ? "fftw-uniform" : "fftw-partitioned",
      [](const Task& task, const Settings& s) { return new Partitioned(task, s[0], s[1]); },
      [](const Settings& s) {
        return "head " + std::to_string(s[0]) + (s[1] ? ", ratio " + std::to_string(s[1]) : "");
      },
      candidates);
}
