// The binary tiling of Flash Inference (Algorithm 1) on FFTW: tiles of small sides directly, the others as cyclic
// convolutions of twice the side with the filter's spectra ready beforehand.
//
// Direct tiles work on a block of positions, [group][time][16], vectors across channels. When the block is full it is
// transposed to series, [channel][time], for the transforms, and the sums of the next block back from there. Inputs
// that are not known yet are zero, so a transform reads its inputs and their padding where they lie.
#include "common.hpp"

namespace {

/// rows[side .. 2 side) of z += the tile of rows[0 .. side) of y, 16 channels; taps `[lag][16]`.
template <size_t SIDE>
void directTile(const float* __restrict y, const float* __restrict taps, float* __restrict z) {
  constexpr size_t OUTPUTS = SIDE < 4 ? SIDE : 4;
  for (size_t o = 0; o < SIDE; o += OUTPUTS) {
    float sums[OUTPUTS][GROUP];
    memcpy(sums, z + o * GROUP, sizeof sums);
    for (size_t i = 0; i < SIDE; i++) {
      const float* tap = taps + (o + SIDE - i) * GROUP;
      for (size_t k = 0; k < OUTPUTS; k++)
        for (size_t c = 0; c < GROUP; c++) sums[k][c] += y[i * GROUP + c] * tap[k * GROUP + c];
    }
    memcpy(z + o * GROUP, sums, sizeof sums);
  }
}

void directTile(size_t side, const float* y, const float* taps, float* z) {
  switch (side) {
    case 1: return directTile<1>(y, taps, z);
    case 2: return directTile<2>(y, taps, z);
    case 4: return directTile<4>(y, taps, z);
    case 8: return directTile<8>(y, taps, z);
    case 16: return directTile<16>(y, taps, z);
    case 32: return directTile<32>(y, taps, z);
    case 64: return directTile<64>(y, taps, z);
  }
}

class Tiling : public Mixer {
 public:
  /// @param block positions: sides from here on go through transforms
  Tiling(const Task& task, size_t block)
      : width(task.width),
        length(task.length),
        block(std::min(block, task.length)),
        stride(seriesStride(task.length)),
        y(width * stride),
        z(width * stride),
        yBlock(width * block),
        zBlock(width * block),
        taps(width * block),
        scratch(spectrumFloats(length)),
        sums(2 * length) {
    for (size_t t = 0; t < this->block; t++)
      for (size_t c = 0; c < width; c++) *rowAt(taps.data, t, c) = task.filter[t * width + c];
    for (size_t side = this->block; side < length; side *= 2) {
      levels.push_back(std::make_unique<Level>(side, task));
      prepare(*levels.back(), task);
    }
  }

  void pending(float* out) override {
    const size_t t = position % block;
    for (size_t g = 0; g < width; g += GROUP) memcpy(out + g, rowAt(zBlock.data, t, g), 4 * GROUP);
  }

  void push(const float* row) override {
    const size_t t = position++ % block;
    for (size_t g = 0; g < width; g += GROUP) memcpy(rowAt(yBlock.data, t, g), row + g, 4 * GROUP);
    if (t + 1 == block) return finishBlock();
    const size_t side = (t + 1) & -(t + 1);
    for (size_t g = 0; g < width; g += GROUP)
      directTile(side, rowAt(yBlock.data, t + 1 - side, g), rowAt(taps.data, 0, g), rowAt(zBlock.data, t + 1, g));
  }

 private:
  struct Level {
    Level(size_t side, const Task& task)
        : transform(side, task), size(spectrumFloats(side)), spectra(task.width * spectrumFloats(side)) {}
    Transform transform;
    size_t size;
    Floats spectra;  // [channel][bin], of taps 0 .. 2 side - 1, scaled by 1 / (2 side)
  };

  float* rowAt(float* rows, size_t t, size_t channel) const {
    return rows + channel / GROUP * GROUP * block + t * GROUP + channel % GROUP;
  }

  void prepare(Level& level, const Task& task) {
    const size_t n = 2 * level.transform.side;
    Floats series(n);
    for (size_t c = 0; c < width; c++) {
      for (size_t t = 0; t < n; t++) series.data[t] = t < length ? task.filter[t * width + c] / n : 0;
      level.transform.forward(series.data, level.spectra.data + c * level.size);
    }
  }

  void finishBlock() {
    if (position == length) return;
    const size_t start = position - block;
    const size_t side = position & -position;
    const Level& level = *levels[__builtin_ctzl(side / block)];
    for (size_t g = 0; g < width; g += GROUP) {
      rowsToSeries(rowAt(yBlock.data, 0, g), y.data + g * stride + start, stride, block);
      for (size_t c = g; c < g + GROUP; c++) tile(level, side, c);
      seriesToRows(z.data + g * stride + position, stride, rowAt(zBlock.data, 0, g), block);
    }
  }

  void tile(const Level& level, size_t side, size_t c) {
    level.transform.forward(y.data + c * stride + position - side, scratch.data);
    multiply<false>(scratch.data, level.spectra.data + c * level.size, scratch.data, side + 1);
    level.transform.back(scratch.data, sums.data);
    float* to = z.data + c * stride + position;
    for (size_t t = 0; t < side; t++) to[t] += sums.data[side + t];
  }

  const size_t width, length, block, stride;
  Floats y, z;              // [channel][time]
  Floats yBlock, zBlock;    // [group][time][16]
  Floats taps;              // [group][lag][16]
  Floats scratch, sums;
  std::vector<std::unique_ptr<Level>> levels;
  size_t position = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  runPeer(
      readTask(argv), "fftw-tiling", [](const Task& task, const Settings& s) { return new Tiling(task, s[0]); },
      [](const Settings& s) { return "block " + std::to_string(s[0]); }, {{16}, {32}, {64}, {128}});
}
