/** Says what a bundle does not take from a checkpoint. */

/** Tensors whose names begin alike are named one by one up to this number. */
const FEW = 4;
/** Groups named. */
const MOST = 12;

/** Names, of many that begin alike only the beginning; undefined where nothing was left out. */
export function describeLeftOut(names: readonly string[], places: readonly string[]): string | undefined {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const group = name.includes('.') ? name.slice(0, name.indexOf('.') + 1) : name;
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [name]);
    else members.push(name);
  }
  const parts = [...groups].flatMap(([group, members]) =>
    members.length <= FEW ? members : [`${group}… (${members.length} tensors)`],
  );
  parts.push(...places);
  if (parts.length === 0) return undefined;
  const more = parts.length > MOST ? [`and ${parts.length - MOST} more`] : [];
  return `left out: ${[...parts.slice(0, MOST), ...more].join(', ')}`;
}
