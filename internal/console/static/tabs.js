// The tabs of one browser hand each other the token, so that a link that is opened
// in a new one need not ask for it, and sign out together. It stays with the tabs:
// nothing outlives the last of them.

import { setToken, token } from './api.js';

const patience = 200; // milliseconds until a tab is taken to be alone
const channel = new BroadcastChannel('spillway.token');

/** Takes the token of another tab; whether there is one that has it. */
export function borrowToken() {
  return new Promise((resolve) => {
    const hear = ({ data }) => {
      if (!data.token) return;
      setToken(data.token);
      end(true);
    };
    const timer = setTimeout(() => end(false), patience);
    const end = (found) => {
      clearTimeout(timer);
      channel.removeEventListener('message', hear);
      resolve(found);
    };
    channel.addEventListener('message', hear);
    channel.postMessage({ asks: true });
  });
}

/** Tells the other tabs that somebody signed in here. */
export const tellToken = () => channel.postMessage({ token: token() });

/** Tells the other tabs that somebody signed out here. */
export const tellSignOut = () => channel.postMessage({ out: true });

/** Answers tabs that ask, and calls back when somebody signed in or out in another one. */
export function listenToTabs({ signedIn, signedOut }) {
  channel.addEventListener('message', ({ data }) => {
    if (data.asks && token()) tellToken();
    else if (data.token) signedIn(data.token);
    else if (data.out) signedOut();
  });
}
