// Where the page begins: words first, then everything that says them.

import { mount } from 'svelte';
import App from './App.svelte';
import { startLocale } from './lib/i18n';
import './styles/tokens.css';
import './styles/base.css';

const target = document.getElementById('app');
if (target) void startLocale().then(() => mount(App, { target }));
