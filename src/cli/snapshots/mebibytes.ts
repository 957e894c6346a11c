const MEBIBYTE = 1024 * 1024;

export function mebibytes(bytes: number): string {
  return (bytes / MEBIBYTE).toFixed(1);
}
