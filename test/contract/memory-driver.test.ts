import { memoryDriver } from '../../src/store/memory-driver.ts'
import { describeDriver } from './driver-contract.ts'

describeDriver('memory', () => Promise.resolve(memoryDriver()))
