// Numbers the elementary intervals of every dimension, so that a search over packets only compares small integers.
import type { Box } from './boxes.ts';
import type { Block } from './region.ts';

/** The boundaries of a set of blocks; converts blocks to boxes and back. */
export class Grid {
  private readonly edges: bigint[][];
  private readonly indexes: Map<bigint, number>[];

  constructor(all: Block[]) {
    this.edges = Array.from({ length: 5 }, (_, dimension) => {
      const edges = new Set(all.flatMap((block) => [block[dimension]!.from, block[dimension]!.to + 1n]));
      return [...edges].sort((a, b) => (a < b ? -1 : 1));
    });
    this.indexes = this.edges.map((edges) => new Map(edges.map((edge, index) => [edge, index])));
  }

  toBox(block: Block): Box {
    return block.flatMap(({ from, to }, dimension) => {
      const index = this.indexes[dimension]!;
      return [index.get(from)!, index.get(to + 1n)! - 1];
    });
  }

  /** A value of the box in that dimension, one of `telling` where possible. */
  pick(box: Box, dimension: number, telling: bigint[]): bigint {
    const from = this.edges[dimension]![box[2 * dimension]!]!;
    const end = this.edges[dimension]![box[2 * dimension + 1]! + 1]!;
    return telling.find((value) => from <= value && value < end) ?? from;
  }
}
