// Prints rows of the same columns; each is as wide as its widest entry.
export function table(rows) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const text = (row, name) => String(row[name] ?? "");
  const widths = columns.map((name) => Math.max(name.length, ...rows.map((row) => text(row, name).length)));
  const print = (row) => console.log(columns.map((name, i) => text(row, name).padEnd(widths[i])).join("  ").trimEnd());
  print(Object.fromEntries(columns.map((name) => [name, name])));
  rows.forEach(print);
}
