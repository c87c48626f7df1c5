import type { Ddl, Migration } from './ddl.ts'

/** What was said of the feed's keys, as it was signed: whoever was away has to be able to check it later. */
export const feedAnnouncements: Migration = {
  version: 3,
  name: 'feed-announcements',
  statements: ({ table, text, integer, optionalText }: Ddl) => [
    table('feedAnnouncements', {
      revision: `${integer} primary key`,
      kid: text,
      line: optionalText,
    }),
  ],
}
