/** Reports work done out of a total, in arbitrary units, first with 0 and last with `total`. */
export type Progress = (done: number, total: number) => void;
