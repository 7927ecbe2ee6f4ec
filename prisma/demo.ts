/** Who is in the demo, and how long it goes back. Apart from its story, which needs the whole app. */
export const DEMO_SAVER = {
  fullName: 'Solveig Holm',
  email: 'saver@demo.example',
  password: 'Birch-and-spruce-25',
}
export const DEMO_ADMIN = {
  fullName: 'Aino Lind',
  email: 'admin@demo.example',
  password: 'Lingonberry-jam-52',
  /** What an authenticator app would be given; admins sign in with a code. */
  authenticatorKey: 'SPARVANADEMO2345SPARVANADEMO2345',
}

export const DEMO_DAYS = 364
