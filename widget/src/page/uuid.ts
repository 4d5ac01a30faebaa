/** A random UUID. */
export function uuid(random: Crypto): string {
  if (random.randomUUID) return random.randomUUID();
  // That one is for secure contexts only, but every page may make addresses, and each ends in a new UUID.
  // https://w3c.github.io/FileAPI/#unicodeBlobURL
  const address = URL.createObjectURL(new Blob());
  URL.revokeObjectURL(address);
  return address.slice(-36);
}
