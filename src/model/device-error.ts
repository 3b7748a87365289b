/** A device is not there, or failed, which is no bundle's fault. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
}
