import { invalidData, type Members, type Refusal } from './outcome.ts'

/** What a list asks the database for: rows after or before an id. */
interface Slice {
  readonly operator: '>' | '<'
  readonly from: string
  readonly order: 'asc' | 'desc'
  readonly limit: number
}

/** What a client asks a list for. */
export interface PageQuery {
  readonly limit?: number
  readonly cursor?: string
}

/** Where a list is, and what its links have to repeat. */
interface ListPlace {
  /** Absolute, without a query. */
  readonly url: string
  readonly name: string
  readonly count?: number
  readonly query?: Readonly<Record<string, string>>
}

const limitUsual = 100
// Greater than every id that there is.
const end = '~'

/** One page of a list, in the order of ids. */
export interface Page {
  readonly slice: Slice
  /** Makes the answer of the rows that the slice gave. */
  readonly toList: <R extends { readonly id: string }>(
    rows: readonly R[],
    place: ListPlace,
    show: (row: R) => Members,
  ) => Members
}

/** Reads which page is asked for. */
export function readPage({ limit = limitUsual, cursor }: PageQuery): Page | Refusal {
  const [, direction, id = ''] = /^([ab])\.([\w-]{1,60})$/.exec(cursor ?? 'a.0') ?? []
  if (direction === undefined) {
    return invalidData({
      code: 'INVALID_PARAMETER',
      target: 'cursor',
      message: 'is not a cursor of this list',
    })
  }
  const backwards = direction === 'b'
  const from = cursor === undefined ? '' : id
  const slice: Slice = {
    operator: backwards ? '<' : '>',
    from: backwards && from === '' ? end : from,
    order: backwards ? 'desc' : 'asc',
    limit: limit + 1,
  }
  return {
    slice,
    toList(rows, place, show) {
      const more = rows.length > limit
      const kept = rows.slice(0, limit)
      const shown = backwards ? kept.toReversed() : kept
      const [first] = shown
      const last = shown.at(-1)
      const before = backwards ? more : cursor !== undefined
      const after = backwards || more
      const links = {
        self: linkTo(place, limit, cursor),
        ...(after && last ? { next: linkTo(place, limit, `a.${last.id}`) } : {}),
        ...(before && first ? { prev: linkTo(place, limit, `b.${first.id}`) } : {}),
      }
      return {
        _links: links,
        _embedded: { [place.name]: shown.map(show) },
        ...(place.count === undefined ? {} : { count: place.count }),
        size: shown.length,
      }
    },
  }
}

function linkTo({ url, query }: ListPlace, limit: number, cursor: string | undefined) {
  const parameters = new URLSearchParams({ ...query, limit: String(limit) })
  if (cursor !== undefined) parameters.set('cursor', cursor)
  return { href: `${url}?${parameters.toString()}` }
}

/** A list that always fits one page. */
export function wholeList(url: string, name: string, elements: readonly Members[]): Members {
  return {
    _links: { self: { href: url } },
    _embedded: { [name]: elements },
    count: elements.length,
    size: elements.length,
  }
}
