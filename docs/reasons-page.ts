import { publicMessages, reasons, type Reason } from '../src/decision/reasons.ts'
import { reasonTexts } from './reason-texts.ts'

const intro = `# Reasons

Made from the catalogue by \`npm run docs\`. Each decision has one reason. Logs, metrics and \`warder explain\` tell it; the client is told the status and the text in the
last column only, so that nobody learns from outside whether a credential was revoked, expired or never there. Outages are marked: nothing was wrong with the question.
What verifiers do while the authority is away is in [a guide of its own](../guides/authority-outage.md).

| reason | status | means | check | told outside |
| --- | --- | --- | --- | --- |
`

function row(reason: Reason): string {
  const { status, message, outage } = reasons[reason]
  const { means, check } = reasonTexts[reason]
  const name = outage ? `\`${reason}\` (outage)` : `\`${reason}\``
  return `| ${name} | ${status} | ${means} | ${check} | ${publicMessages[message]} |\n`
}

function isReason(name: string): name is Reason {
  return Object.hasOwn(reasons, name)
}

/** The reference page of the reasons. */
export function reasonsPage(): string {
  return [intro, ...Object.keys(reasons).filter(isReason).map(row)].join('')
}
