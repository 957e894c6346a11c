/** What ERPs take for an address. Any other would hold up all documents of the customer, and one that is cut would be somebody else's. */
const EMAIL = /^[^@\s]+@[^@\s]+\.[^@\s]+$/;

export function isSendableEmail(email: string | null, maxCharacters: number): email is string {
  return email !== null && email.length <= maxCharacters && EMAIL.test(email);
}
