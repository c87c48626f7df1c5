import type { BodyDoor } from '../doors/body-door.ts'
import type { HttpDoor } from '../doors/http-door.ts'
import { pathOf } from './hook-request.ts'

/** What answers at a target. */
export type Route =
  | { readonly kind: 'hook'; readonly door: HttpDoor }
  /** The method, the target and the body are those of the request that is asked about. */
  | { readonly kind: 'prefixed'; readonly door: HttpDoor }
  | { readonly kind: 'body'; readonly door: BodyDoor }

export interface RoutesParts {
  /** By path, without the query. */
  readonly doors: ReadonlyMap<string, HttpDoor>
  /** The door for every target that begins with a text, where the target itself is part of the question. */
  readonly prefixed?: { readonly prefix: string; readonly door: HttpDoor } | undefined
  /** Doors that are asked by a body, for every other path. */
  readonly bodyDoors?: readonly BodyDoor[]
}

/** Makes the routes of a listener. */
export function createRoutes({ doors, prefixed, bodyDoors = [] }: RoutesParts) {
  const hooks = [...doors].map(([path, door]) => ({ path, route: { kind: 'hook', door } as const }))
  const byPrefix: Route | undefined = prefixed && { kind: 'prefixed', door: prefixed.door }
  const byBody = bodyDoors.map((door) => ({ kind: 'body', door }) as const)
  return (url: string): Route | undefined => {
    // Compared one after another: there are few, and to look up a text that was only just read takes longer.
    for (const { path, route } of hooks) if (isAt(path, url)) return route
    if (prefixed && url.startsWith(prefixed.prefix)) return byPrefix
    const path = pathOf(url)
    return byBody.find(({ door }) => door.serves(path))
  }
}

/** Whether a target is a path, with a query or without. */
function isAt(path: string, url: string): boolean {
  return url.startsWith(path) && (url.length === path.length || url.startsWith('?', path.length))
}
