import { expect, test } from 'vitest'

const { compactGraph } = await import(new URL('../../prisma/compact-graph.mjs', import.meta.url).href)

/** One input node with three edges, one output node with one, one root; names are places in the list. */
const EDGE_OF = (name: number, enumName = 0) => [name, 0x40, 0x01, 0x02, enumName, 0x21]
const INPUTS = [[EDGE_OF(2), EDGE_OF(3, 2)], [EDGE_OF(3)]]
const graphOf = (inputs: number[][][], output: number, root: number) => [
  ...[inputs.length, 1, 1],
  ...inputs.flatMap((edges) => [edges.length, ...edges.flat()]),
  ...[1, output, 0x01, 0x00],
  ...[root, 0x01, 0x82, 0x01],
]
const sourceOf = (strings: string[], bytes: number[]) =>
  `{\n  strings: JSON.parse(${JSON.stringify(JSON.stringify(strings))}),\n  graph: "${Buffer.from(bytes).toString('base64url')}"\n}`

test('names that occur most come first, and every edge, enum and root still means the same name', () => {
  const before = sourceOf(['rare', 'Colour', 'often', 'most'], graphOf(INPUTS, 3, 0))
  const after = sourceOf(
    ['most', 'often', 'rare', 'Colour'],
    graphOf([[EDGE_OF(1), EDGE_OF(0, 4)], [EDGE_OF(0)]], 0, 2),
  )
  expect(compactGraph(before)).toBe(after)
  expect(compactGraph(after)).toBe(after)
})

test('nodes that are alike, down to those they lead to, are one', () => {
  const strings = ['most']
  const edge = (child: number) => [0, 0x40, 0x01, child, 0, 0x21]
  const graph = (inputs: number[][][], root: number) => [
    ...[inputs.length, 0, 1],
    ...inputs.flatMap((edges) => [edges.length, ...edges.flat()]),
    ...[0, root, 0],
  ]
  // The first leads to the second, the third to the fourth, and the last nowhere: 1 and 3 are alike, and 2 and 4.
  const doubled = [[edge(2)], [edge(5), edge(0)], [edge(4)], [edge(5), edge(0)], [edge(0)]]
  const merged = [[edge(2)], [edge(3), edge(0)], [edge(0)]]
  expect(compactGraph(sourceOf(strings, graph(doubled, 3)))).toBe(sourceOf(strings, graph(merged, 1)))
  expect(compactGraph(sourceOf(strings, graph(merged, 1)))).toBe(sourceOf(strings, graph(merged, 1)))
})

test('what it does not know to the last byte is left as it was generated', () => {
  const bytes = graphOf(INPUTS, 3, 0)
  const strings = ['rare', 'Colour', 'often', 'most']
  expect(compactGraph(sourceOf(strings, [...bytes, 0]))).toBeNull()
  expect(compactGraph(sourceOf(strings, bytes.slice(0, -1)))).toBeNull()
  expect(compactGraph('export const nothing = 1')).toBeNull()
})
