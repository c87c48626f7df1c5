// Lets a test set the wall clock of a process, threads included: the file that FAULTS_CLOCK names holds how many
// milliseconds it is wrong by. The monotonic clock goes on as it is.
import { readFileSync } from 'node:fs'
import process from 'node:process'

const file = process.env['FAULTS_CLOCK'] ?? ''
const real = Date.now
let wrongBy = 0

function read(): void {
  try {
    wrongBy = Number(readFileSync(file, 'utf8'))
  } catch {
    wrongBy = 0
  }
}
read()
setInterval(read, 20).unref()
Object.assign(Date, { now: () => real() + wrongBy })
