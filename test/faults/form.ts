import process from 'node:process'

/** Whether the suite has time: with `long` among its words or in `FORM`. Otherwise it takes a few minutes. */
export const isLong = process.env['FORM'] === 'long'
